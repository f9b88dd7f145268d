#!/usr/bin/env bash
# Installs what pip and npm cannot, only what is missing, where we are root on Debian or Ubuntu.
#   tools/install.sh drawing [python]   the system libraries that pygraphviz's own Graphviz stands on
#   tools/install.sh servers            PostgreSQL, MariaDB and Chromium, for the tests
# Elsewhere it says what to install. Without the servers it fails; without the libraries diagrams are text.
set -euo pipefail

packages=() # Debian's names
things=()   # what people call them

need() { # need THING PACKAGE...
    things+=("$1")
    packages+=("${@:2}")
}

installed() { # is one of the programs on PATH, or in one of the places where packages hide them?
    local name place
    for name in "$@"; do
        command -v "$name" > /dev/null && return 0
        for place in /usr/sbin /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/*/bin; do
            [ -x "$place/$name" ] && return 0
        done
    done
    return 1
}

answers() { # does one of the programs run? Some distributions have stubs that only point elsewhere.
    local name
    for name in "$@"; do
        if command -v "$name" > /dev/null && "$name" --version > /dev/null 2>&1; then return 0; fi
    done
    return 1
}

look() {
    packages=() things=()
    case $1 in
        drawing)
            "${2:-python3}" -c 'import pygraphviz' 2> /dev/null || answers dot \
                || need "libraries of Graphviz" libglib2.0-0 libx11-6 libxext6 libxrender1 libexpat1
            ;;
        servers)
            [ -n "${DJ_TEST_POSTGRESQL_URL:-}" ] || installed initdb || need PostgreSQL postgresql
            [ -n "${DJ_TEST_MYSQL_URL:-}" ] || installed mariadbd mysqld || need MariaDB mariadb-server
            answers chromium chromium-browser google-chrome || need Chromium chromium
            ;;
        *)
            echo "usage: tools/install.sh drawing|servers" >&2
            exit 2
            ;;
    esac
    [ ${#things[@]} -gt 0 ]
}

install() {
    export DEBIAN_FRONTEND=noninteractive
    # A policy of 101 keeps packages from starting services, and Debian's PostgreSQL from making a cluster:
    # the tests start servers of their own. What was there before stays as it is.
    local policy=/usr/sbin/policy-rc.d clusters=/etc/postgresql-common/createcluster.conf
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' > $policy
        chmod +x $policy
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    if [ ! -e $clusters ]; then
        mkdir -p "$(dirname $clusters)"
        echo "create_main_cluster = false" > $clusters
    fi
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${packages[@]}" > /dev/null
}

look "$@" || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    echo "installing ${packages[*]}"
    install
    look "$@" || exit 0
fi

if [ "$1" = drawing ]; then
    echo "diagrams will be text: Graphviz does not run here. On Debian and Ubuntu: sudo apt-get install ${packages[*]}" >&2
    exit 0
fi
echo "the tests need ${things[*]}, which this machine lacks. Install them:" >&2
echo "  Debian, Ubuntu:  sudo apt-get install ${packages[*]}" >&2
echo "  macOS:           brew install $(echo "${packages[*]}" | sed 's/mariadb-server/mariadb/')" >&2
echo "or name running servers: DJ_TEST_POSTGRESQL_URL, DJ_TEST_MYSQL_URL. What needs neither: make test-fast" >&2
exit 1

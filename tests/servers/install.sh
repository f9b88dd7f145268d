#!/usr/bin/env bash
# Installs what the tests need beside Python and Node.js: PostgreSQL, MariaDB and Chromium.
# Does so where we are root on Debian or Ubuntu, and only what is missing; elsewhere it says what to install.
set -euo pipefail

have() { # is one of the programs on PATH, or in one of the places where packages hide them?
    local name
    for name in "$@"; do
        if command -v "$name" > /dev/null || compgen -G "/usr/lib/postgresql/*/bin/$name" > /dev/null \
            || compgen -G "/usr/pgsql-*/bin/$name" > /dev/null || compgen -G "/opt/homebrew/opt/*/bin/$name" > /dev/null \
            || [ -x "/usr/sbin/$name" ]; then
            return 0
        fi
    done
    return 1
}

wanted=()
missing=()
need() { # need "what it is" debian-package program...
    local what=$1 package=$2
    shift 2
    if ! have "$@"; then
        wanted+=("$package")
        missing+=("$what")
    fi
}

chromium_answers() {
    local name
    for name in chromium chromium-browser google-chrome; do
        if command -v "$name" > /dev/null && "$name" --version > /dev/null 2>&1; then return 0; fi
    done
    return 1
}

look() {
    wanted=() missing=()
    [ -n "${DJ_TEST_POSTGRESQL_URL:-}" ] || need "PostgreSQL" postgresql initdb
    [ -n "${DJ_TEST_MYSQL_URL:-}" ] || need "MariaDB" mariadb-server mariadbd mysqld
    # Where a distribution has only a stub that points to another package manager, it must answer to count.
    if ! chromium_answers; then
        wanted+=(chromium)
        missing+=(Chromium)
    fi
}

look
[ ${#wanted[@]} -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    echo "installing ${wanted[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # A policy of 101 keeps the packages from starting services of their own: the tests start theirs.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' > "$policy"
        chmod +x "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    # Debian's package would make a cluster of its own beside the tests'.
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${wanted[@]}" > /dev/null
    look
    [ ${#wanted[@]} -gt 0 ] || exit 0
fi

echo "the tests need ${missing[*]}, which are not on this machine. Install:" >&2
echo "  Debian, Ubuntu: sudo apt-get install ${wanted[*]}" >&2
echo "  macOS:          brew install $(echo "${wanted[*]}" | sed 's/mariadb-server/mariadb/')" >&2
echo "or name running servers: DJ_TEST_POSTGRESQL_URL, DJ_TEST_MYSQL_URL. Without them: make test-fast" >&2
exit 1

"""Tests of the library and the widgets. `CONTRIBUTING.md` says how to run them."""

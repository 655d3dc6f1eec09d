# shellcheck shell=bash
# Sourced by every script of this project; not run by itself.
#
# Gives: root (the checkout, also the working directory), jobs (how many things run at once), and a
# compiler cache that outlives the checkout and is shared by all of them.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
jobs=${SUANPAN_JOBS:-$(nproc)}

export CCACHE_DIR=${CCACHE_DIR:-$HOME/.cache/ccache}
export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-5G}
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

# fail MESSAGE: says what went wrong and what to do, and ends the script.
fail() {
    printf '%s: %s\n' "${0##*/}" "$1" >&2
    exit 1
}

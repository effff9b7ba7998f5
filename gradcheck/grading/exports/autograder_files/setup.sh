#!/bin/sh
# Gradescope runs this once, as root, when it builds the image: Python, bubblewrap, and gradcheck in an environment of its own.
# Elsewhere, GRADESCOPE_ROOT is the folder that stands for /autograder; then nothing is installed outside of it, and no user is made.
set -eu

root=${GRADESCOPE_ROOT:-/autograder}
source=$root/source
environment=$root/gradcheck-environment
release=gradcheck # line replaced: the release to install where no wheel came along

suits() {
    "$1" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for name in ${GRADCHECK_PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if suits "$name"; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

if [ "$root" = /autograder ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update
    apt-get install -y --no-install-recommends bubblewrap python3 python3-venv util-linux
    find_python >/dev/null || apt-get install -y --no-install-recommends python3.12 python3.12-venv ||
        apt-get install -y --no-install-recommends python3.11 python3.11-venv
    apt-get clean
    id gradcheck >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin gradcheck
fi

if ! python=$(find_python); then
    echo "setup.sh: no Python from 3.11 on: choose a newer base image (Ubuntu 24.04) in the assignment's autograder settings" >&2
    exit 1
fi

"$python" -m venv "$environment"
set -- "$source"/wheels/*.whl
[ -e "$1" ] || set -- "$release"
"$environment/bin/python" -m pip install --no-cache-dir --disable-pip-version-check "$@"
"$environment/bin/gradcheck" --version

# read by the user that grades; students' programs see none of it
chmod -R go+rX,go-w "$source" "$environment"

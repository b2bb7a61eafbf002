#!/bin/sh
# Builds a Python environment from a lock: install.sh <folder> <arguments of uv pip install>.
# ML_EXTRAS: names of further locks, <build folder>/locks/requirements.<name>.lock.
# Runs in build stages only. The build secret `ca` holds a company's certificate; no image contains it.
set -eu
folder=$1
shift
if [ -f /run/secrets/ca ]; then
    export SSL_CERT_FILE=/run/secrets/ca PIP_CERT=/run/secrets/ca
fi
python3 -m venv /opt/installer
# The version that the project's own lock names.
/opt/installer/bin/pip install --quiet --disable-pip-version-check "$(grep -o '^uv==[^ ]*' requirements.lock)"
python3 -m venv --without-pip "$folder"
for extra in ${ML_EXTRAS:-}; do
    set -- "$@" --requirements "locks/requirements.$extra.lock"
done
/opt/installer/bin/uv pip install --quiet --no-cache --compile-bytecode --python "$folder/bin/python" "$@"

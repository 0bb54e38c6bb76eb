#!/bin/sh
# The virtual environments of the scripts beside this file, in the home folder and so outside the repository, with the
# versions that the requirements pin. What is there already is kept; knows nothing of what the scripts compute.
#
#   ./environment.sh [parity|ppo|llama]  parity and ppo where none is named
set -eu
here=$(cd "$(dirname "$0")" && pwd)

make() {
  folder="$HOME/.venv-covenant-$1"
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --requirement "$here/$2"
  echo "$folder"
}

case "${1:-both}" in
  both)
    make parity requirements.txt
    make ppo requirements-ppo.txt
    ;;
  parity) make parity requirements.txt ;;
  ppo) make ppo requirements-ppo.txt ;;
  llama) make llama requirements-llama.txt ;;
  *)
    echo "$1: expected parity, ppo, llama, or nothing for parity and ppo" >&2
    exit 2
    ;;
esac

#!/usr/bin/env bash
# Prints the patch that registers AINN in an FFmpeg release, as a mail to upstream or a distribution would carry it.
#
#   patch.sh RELEASE WORK      RELEASE and WORK as of build.sh, which has unpacked the sources there
set -euo pipefail
[ $# -eq 2 ] || { sed -n '2,4s/^# \?//p' "$0" >&2; exit 2; }
here=$(dirname "$(realpath "$0")")
source=$2/ffmpeg-$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# The tree as it came, from the package that build.sh has downloaded.
dsc=$(find "$2/download-$1" -name '*.dsc' | head -n 1)
if [ -n "$dsc" ]; then
    dpkg-source --no-check -x "$dsc" "$scratch/a" >/dev/null 2>&1
else
    mkdir "$scratch/a"
    tar -xf "$(find "$2/download-$1" -name '*.orig.tar.xz' | head -n 1)" -C "$scratch/a" --strip-components=1
fi
cp -r "$scratch/a" "$scratch/b"
python3 "$here/register.py" --upstream "$scratch/b"
cd "$scratch"
diff -ruN -x .libainn a b || [ $? -eq 1 ]

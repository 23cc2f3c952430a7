#!/bin/sh
# Large pictures go through the tools in bounded memory: it depends on the width, never on the height, and pixels are streamed from
# PNG to PNG. A picture of 8000 x 5333 pixels may take 1.5 bytes a pixel and 64 MiB, which is 125 MiB; one of 1040 rows takes as much.
#   TOOLS=folder/with/the/tools tests/test_large.sh
set -u
: "${TOOLS:?the folder with ainnenc and ainndec}"
work=${TMPDIR:-/tmp}/ainn-large-test.$$
mkdir "$work" || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
passed=0
failed=0

# picture WIDTH BANDS: a PPM of that many bands of 40 rows, gradients and edges, on standard output.
picture() {
    awk -v w="$1" 'BEGIN {
        for (y = 0; y < 40; y++) for (x = 0; x < w; x++) {
            v = (x * 3 + y * 5) % 97 + int(x / 29 + y / 17) % 2 * 60 + 20
            printf "%c%c%c", v, v + 20, v / 2 + 30
        } }' >"$work/band"
    printf 'P6\n%d %d\n255\n' "$1" $((40 * $2))
    for _ in $(seq "$2"); do cat "$work/band"; done
}

# within NAME LIBRARY PROCESS COMMAND...: the command's --stats stay within these MiB in the library and in the whole process.
within() {
    name=$1
    library=$2
    process=$3
    shift 3
    "$@" --stats >"$work/stats" || { failed=$((failed + 1)); echo "FAILED: $name: the tool failed"; return; }
    sed -n 's/^memory *\([0-9]*\)[0-9.]* MiB at most in the library, \([0-9]*\)[0-9.]* MiB in the process.*/\1 \2/p' "$work/stats" >"$work/memory"
    read -r l p <"$work/memory" || l=
    if [ -n "$l" ] && [ "$l" -lt "$library" ] && [ "$p" -lt "$process" ]; then
        passed=$((passed + 1)); echo "$name: $l and $p MiB"
    else
        failed=$((failed + 1))
        echo "FAILED: $name: ${l:-?} of $library MiB in the library, ${p:-?} of $process in the process"
    fi
}

# The process has the model's weights as well, 11 MiB, and where there is AMX its packed ones, 12 MiB.
LC_ALL=C
export LC_ALL
cd "$work" || exit 2
picture 160 1000 | "$TOOLS/ainnenc" - -o tall.ainn -q 20 -j 2 --quiet || failed=1      # 18 MiB of pixels
within "160 x 40000, to PNG" 8 44 "$TOOLS/ainndec" tall.ainn -o tall.png -z 1 -j 2 --quiet
within "160 x 40000, from PNG" 8 48 "$TOOLS/ainnenc" tall.png -o again.ainn -q 20 -j 2 --quiet
picture 8000 26 >wide.ppm
within "8000 x 1040, encoding" 125 180 "$TOOLS/ainnenc" wide.ppm -o wide.ainn -q 20 -j 2 --quiet
within "8000 x 1040, decoding" 125 145 "$TOOLS/ainndec" wide.ainn -o wide.png -z 1 -j 2 --quiet
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

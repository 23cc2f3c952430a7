#!/bin/sh
# The promise of the format: the same file and the same pixels with every instruction set, with OpenBLAS and plain C, and
# with every number of threads.
#   TOOLS=folder/with/the/tools [EXACT_QUICK=1] [EXACT_LARGE=1] [EXACT_SETS="avx2 amx"] tests/test_exact.sh
set -u
: "${TOOLS:?the folder with ainnenc and ainndec}"
work=${TMPDIR:-/tmp}/ainn-exact-test.$$
mkdir "$work" || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
passed=0
failed=0

# picture WIDTH HEIGHT FILE [1]: a PPM of gradients, edges and noise, the same every time; with 1, strokes on a plain ground over the
# left half and strong noise beside them, for the detail layer.
picture() {
    awk -v w="$1" -v h="$2" -v drawn="${4:-0}" 'BEGIN {
        printf "P3\n%d %d\n255\n", w, h
        seed = 12345
        for (y = 0; y < h; y++) for (x = 0; x < w; x++) {
            seed = (seed * 1103515245 + 12345) % 2147483648
            noise = int(seed / 65536) % 32
            if (drawn && x < w / 2) {
                ink = int(x * 7 / 5) % 9 < 3 && y % 12 > 4 && (x + y) % 5 > 1
                printf "%d %d %d\n", ink ? 20 : 240, ink ? 30 : 230, ink ? 90 : 200
                continue
            }
            if (drawn && x < w * 3 / 4) noise *= 7
            edge = (int(x / 37) + int(y / 23)) % 2 * 90
            printf "%d %d %d\n", (x * 2 + noise) % 166 + edge, (y * 3 + noise) % 166 + edge, (x + y) % 130 + noise + edge
        } }' | tail -n +4 | awk '{ printf "%c%c%c", $1 ? $1 : 1, $2 ? $2 : 1, $3 ? $3 : 1 }' >"$3.body"
    { printf 'P6\n%d %d\n255\n' "$1" "$2"; cat "$3.body"; } >"$3"
    rm "$3.body"
}

# same NAME FILE FILE
same() {
    if cmp -s "$2" "$3"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $1"; fi
}

# compare NAME PICTURE QUALITY MODEL SETS [EFFORT]: all sets and thread counts against the first set with one thread.
compare() {
    first=
    for set in $5; do
        for threads in 1 2 3 4; do
            [ -n "$first" ] && [ "$threads" = 1 ] && [ "$set" = "$first" ] && continue
            if ! AINN_CPU=$set "$TOOLS/ainnenc" "$2" -o "$work/new.ainn" -q "$3" -m "$4" -e "${6:-5}" -j "$threads" --quiet ||
                ! AINN_CPU=$set "$TOOLS/ainndec" "$work/new.ainn" -o "$work/new.ppm" -j "$threads" --quiet; then
                failed=$((failed + 1))
                echo "FAILED: $1, $set, $threads threads: the tools failed"
                continue
            fi
            if [ -z "$first" ]; then
                first=$set
                mv "$work/new.ainn" "$work/first.ainn"
                mv "$work/new.ppm" "$work/first.ppm"
            else
                same "$1: file of $set with $threads threads" "$work/first.ainn" "$work/new.ainn"
                same "$1: pixels of $set with $threads threads" "$work/first.ppm" "$work/new.ppm"
            fi
            case $set in c|openblas) break ;; esac      # slow; threads are compared with the others
        done
    done
}

LC_ALL=C
export LC_ALL
models=${EXACT_MODELS:-$("$TOOLS/ainninfo" --list-models | sed -n "s/^model \([a-z0-9-]*\)$/\1/p")}
every=${EXACT_SETS:-c openblas avx2 avxvnni avx512 vnni amx}
for model in $models; do
    for size in 1x1 1x300 300x1 63x64 65x63 200x136; do
        picture "${size%x*}" "${size#*x}" "$work/in.ppm"
        compare "$model, $size" "$work/in.ppm" 60 "$model" "$every"
    done
    compare "$model, $size with refined latents" "$work/in.ppm" 60 "$model" "$every" 8
    picture 190 130 "$work/in.ppm" 1
    compare "$model, 190x130 with a detail layer" "$work/in.ppm" 75 "$model" "$every"
    if ! "$TOOLS/ainninfo" "$work/first.ainn" | grep -q '^ *detail  *[1-9]'; then
        failed=$((failed + 1)); echo "FAILED: $model: there is no detail layer"
    fi
done
if [ -z "${EXACT_QUICK:-}" ]; then
    picture 1025 1023 "$work/in.ppm"
    for quality in 0 50 100; do
        compare "1025x1023, quality $quality" "$work/in.ppm" $quality "${models%%[!a-z-]*}" "vnni avx2"
    done
    picture 720 576 "$work/in.ppm"
    compare "720x576 with refined latents, in windows" "$work/in.ppm" 60 "${models%%[!a-z-]*}" "vnni" 7
    picture 1060 1030 "$work/in.ppm" 1
    compare "1060x1030 with a detail layer" "$work/in.ppm" 80 "${models%%[!a-z-]*}" "vnni"
fi
if [ -n "${EXACT_LARGE:-}" ]; then
    picture 5000 3000 "$work/in.ppm"
    compare "5000x3000" "$work/in.ppm" 40 "${models%%[!a-z-]*}" "vnni"
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

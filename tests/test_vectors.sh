#!/bin/sh
# Conformance: every vector decodes to the pixels whose SHA-256 stands in tests/vectors/SHA256SUMS, which the second
# decoder in format-spec/reference/ is held to as well.
#   TOOLS=folder/with/the/tools [VECTORS=folder] tests/test_vectors.sh
set -u
: "${TOOLS:?the folder with ainndec}"
vectors=${VECTORS:-$(cd "$(dirname "$0")" && pwd)/vectors}
work=${TMPDIR:-/tmp}/ainn-vectors-test.$$
mkdir "$work" || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
passed=0
failed=0

while read -r sum picture; do
    name=${picture%.*}
    file=$vectors/$name.ainn
    frame=
    if [ ! -f "$file" ]; then            # NAME-N: frame N of a sequence
        file=$vectors/${name%-*}.ainn
        frame="--frame ${name##*-}"
    fi
    # shellcheck disable=SC2086
    if "$TOOLS/ainndec" "$file" $frame -o "$work/$picture" --quiet &&
        [ "$(sha256sum <"$work/$picture" | cut -d ' ' -f 1)" = "$sum" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $picture"
    fi
done <"$vectors/SHA256SUMS"
for file in "$vectors"/*.ainn; do        # none is left out
    name=$(basename "$file" .ainn)
    grep -q " $name[-.]" "$vectors/SHA256SUMS" || { failed=$((failed + 1)); echo "FAILED: $name has no checksum"; }
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]

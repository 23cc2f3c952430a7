#!/bin/sh
# The command-line tools from outside: round trips, standard streams, sequences, metadata, and above all what they do when something is wrong.
#   TOOLS=folder/with/the/tools tests/test_tools.sh
# TOOLS_WRAP may hold a command to run every tool under, such as "valgrind -q --error-exitcode=99".
set -u
here=$(cd "$(dirname "$0")" && pwd)
LC_ALL=C
export LC_ALL
: "${TOOLS:?the folder with ainnenc, ainndec and ainninfo}"
tools=$(cd "$TOOLS" && pwd) || exit 2
work=${TMPDIR:-/tmp}/ainn-tools-test.$$
mkdir "$work" || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
cd "$work" || exit 2
. "$here/tools_pictures.sh"

passed=0
failed=0

enc() { ${TOOLS_WRAP:-} "$tools/ainnenc" "$@"; }
dec() { ${TOOLS_WRAP:-} "$tools/ainndec" "$@"; }
info() { ${TOOLS_WRAP:-} "$tools/ainninfo" "$@"; }

pass() { passed=$((passed + 1)); }
fail() {
    failed=$((failed + 1))
    echo "FAILED: $1"
    for file in out err; do
        [ -s "$file.log" ] && sed "s/^/    $file: /" "$file.log" | head -n 8
    done
}

# check NAME COMMAND...: the command succeeds and says nothing on standard error.
check() {
    label=$1
    shift
    if "$@" >out.log 2>err.log && [ ! -s err.log ]; then pass; else fail "$label"; fi
}

# warns PATTERN NAME COMMAND...: the command succeeds with a warning of one line.
warns() {
    pattern=$1
    label=$2
    shift 2
    if "$@" >out.log 2>err.log && [ "$(wc -l <err.log)" -eq 1 ] && grep -q "$pattern" err.log; then pass; else fail "$label"; fi
}

# refuses CODE PATTERN NAME COMMAND...: this exit code, one line that names the tool and says what is wrong, and the folder as it was before.
refuses() {
    code=$1
    pattern=$2
    label=$3
    shift 3
    rm -f out.log err.log
    before=$(ls -A; cksum ./*.keep 2>/dev/null)
    "$@" >"$work.out" 2>"$work.err"
    got=$?
    after=$(ls -A; cksum ./*.keep 2>/dev/null)
    mv "$work.out" out.log
    mv "$work.err" err.log
    if [ "$got" -ne "$code" ]; then
        fail "$label: exit code $got, not $code"
    elif [ "$(wc -l <err.log)" -ne 1 ] || ! grep -q "^ainn[a-z]*: .*$pattern" err.log; then
        fail "$label: no message with '$pattern'"
    elif [ "$before" != "$after" ]; then
        fail "$label: files were left behind or changed"
    else
        pass
    fi
}

# header KIND WIDTH HEIGHT MAXVAL, kind 1 to 4: the header of a PAM
header() {
    printf 'P7\nWIDTH %d\nHEIGHT %d\nDEPTH %d\nMAXVAL %d\nTUPLTYPE %s\nENDHDR\n' "$2" "$3" "$1" "$4" \
        "$(echo GRAYSCALE GRAYSCALE_ALPHA RGB RGB_ALPHA | cut -d ' ' -f "$1")"
}

# samples KIND WIDTH HEIGHT MAXVAL: smooth colours with a few edges, alpha from edge to edge
samples() {
    awk -v c="$1" -v w="$2" -v h="$3" -v top="$4" 'BEGIN {
        for (y = 0; y < h; y++) for (x = 0; x < w; x++) for (k = 0; k < c; k++) {
            if ((c == 2 || c == 4) && k == c - 1) v = int((x * 7 + y * 13) % 256 * top / 255)
            else v = int(top * (0.5 + 0.4 * sin((x * (k + 2) + y * 3) / 23)) * ((x + y) % 40 < 30 ? 1 : 0.6))
            if (top > 255) printf "\\%03o", int(v / 256)
            printf "\\%03o", v % 256
        }
    }'
}

# picture KIND WIDTH HEIGHT MAXVAL: a whole PAM
picture() {
    header "$@"
    # shellcheck disable=SC2059
    samples "$@" | fold -w 4000 | while read -r line || [ -n "$line" ]; do printf "$line"; done
}

# close_enough A B KIND WIDTH HEIGHT MAXVAL TOLERANCE: two PAMs of this kind: mean difference of the colours below the tolerance (in 1/255),
# alpha equal
close_enough() {
    bytes=$(($3 * $4 * $5 * ($6 > 255 ? 2 : 1)))
    [ "$(head -n 7 "$1")" = "$(head -n 7 "$2")" ] || return 1
    for side in "$1" "$2"; do
        [ "$(wc -c <"$side")" -eq $(($(header "$3" "$4" "$5" "$6" | wc -c) + bytes)) ] || return 1
        tail -c "$bytes" "$side" | od -An -v -tu1 | tr -s ' ' '\n' | sed '/^$/d' >"$side.values"
    done
    paste "$1.values" "$2.values" | awk -v c="$3" -v top="$6" -v tolerance="$7" '
        { a = $1; b = $2; if (top > 255) { if (NR % 2) { ha = a; hb = b; next } a += ha * 256; b += hb * 256 }
          k = n++ % c
          if ((c == 2 || c == 4) && k == c - 1) { if (a != b) wrong++ } else { sum += a > b ? a - b : b - a; count++ } }
        END { mean = sum / count * 255 / top; printf "mean difference %.3f, %d alphas differ\n", mean, wrong; exit !(wrong == 0 && mean <= tolerance) }'
}

same() { cmp -s "$1" "$2"; }

round_trip() {
    picture "$1" "$2" "$3" "$4" >rt.pam
    enc rt.pam -o rt.ainn -q 80 && dec rt.ainn -o rt2.pam && close_enough rt.pam rt2.pam "$1" "$2" "$3" "$4" 6
}

# The pixels that a PNG and a PAM of one decoded picture hold are the same: they are encoded to the same file.
png_is_pam() {
    dec rt.ainn -o rt.png && dec rt.ainn -o rt3.pam --depth "$1" && enc rt.png -o rt4.ainn && enc rt3.pam -o rt5.ainn && same rt4.ainn rt5.ainn
}

# ---- Round trips

for size in '1 1' '1 40' '40 1' '17 9' '64 48' '130 70'; do
    for kind in 1 2 3 4; do
        # shellcheck disable=SC2086
        check "round trip of kind $kind, $size, 8 bits" round_trip $kind $size 255
        check "PNG and PAM alike: kind $kind, $size" png_is_pam 8
    done
done
for top in 1023 4095 65535; do
    for kind in 1 4; do
        check "round trip of kind $kind, largest sample $top" round_trip $kind 33 21 $top
        check "PNG and PAM alike: kind $kind, largest sample $top" png_is_pam 16
    done
done

for name in $picture_names; do
    "png_$name" >a.png
    "pam_$name" >a.pam
    check "PNG $name" enc a.png -o a.ainn --ignore-metadata
    case $name in
        metadata_*) check "PAM $name" enc a.pam -o b.ainn --orientation 6 --cicp 9,16,0,1 ;;
        *) check "PAM $name" enc a.pam -o b.ainn ;;
    esac
    check "PNG $name has the right pixels" same a.ainn b.ainn
done

small_values() { printf 'P5\n# a comment\n4 2\n15\n\000\001\002\003\017\016\015\014'; }
full_values() { printf 'P5 4 2 255\n\000\021\042\063\377\356\335\314'; }
scaled() { small_values | enc - -o a.ainn && full_values | enc - -o b.ainn && same a.ainn b.ainn; }
check 'samples up to 15 are scaled to 255' scaled

# ---- Formats, standard streams, options

picture 3 130 70 255 >rgb.pam
picture 1 130 70 255 >gray.pam
picture 4 130 70 255 >rgba.pam
enc rgb.pam -o rgb.ainn && enc gray.pam -o gray.ainn && enc rgba.pam -o rgba.ainn

from_pipe() { cat rgb.pam | enc - -o - | cat >p.ainn && same p.ainn rgb.ainn; }
check 'standard input to standard output' from_pipe
png_pipe() { dec rgb.ainn -o p.png && enc p.png -o p1.ainn && cat p.png | enc - -o - >p2.ainn && same p1.ainn p2.ainn; }
check 'PNG from a pipe' png_pipe
twice_pipe() { cat rgb.pam | enc - -o p3.ainn -e 6 && enc rgb.pam -o p4.ainn -e 6 && same p3.ainn p4.ainn; }
check 'a pipe that is read twice' twice_pipe
decode_pipe() { dec rgb.ainn -o p.pam && cat rgb.ainn | dec - -o - -f pam | cat >p2.pam && same p.pam p2.pam; }
check 'decoding a pipe' decode_pipe
redirected() { dec - -o - -f pam <rgb.ainn >p2.pam && same p.pam p2.pam; }
check 'decoding redirected files' redirected
default_png() { dec rgb.ainn -o - >p.out && head -c 4 p.out | od -An -tx1 | grep -q "89 50 4e 47"; }
check 'standard output is a PNG by default' default_png

ppm_header() { dec rgb.ainn -o a.ppm && [ "$(head -n 2 a.ppm | tr '\n' ' ')" = 'P6 130 70 ' ] && [ "$(wc -c <a.ppm)" -eq $((130 * 70 * 3 + 14)) ]; }
check 'PPM' ppm_header
pgm_header() { dec gray.ainn -o a.pgm && [ "$(head -n 2 a.pgm | tr '\n' ' ')" = 'P5 130 70 ' ]; }
check 'PGM' pgm_header
gray_ppm() { dec gray.ainn -o a.ppm && [ "$(head -n 1 a.ppm)" = P6 ]; }
check 'grey as PPM' gray_ppm
pnm_kinds() { dec gray.ainn -o a.pnm && dec rgb.ainn -o b.PNM && [ "$(head -n 1 a.pnm)$(head -n 1 b.PNM)" = P5P6 ]; }
check 'PNM by kind, ending in capitals' pnm_kinds
warns 'alpha is left out' 'alpha is left out of a PPM' dec rgba.ainn -o a.ppm
check 'the warning can be silenced' dec rgba.ainn -o a.ppm --quiet
refuses 1 'cannot be written as PGM' 'colour as PGM' dec rgb.ainn -o new.pgm
deep() { dec rgb.ainn -o a.pam --depth 12 && grep -q '^MAXVAL 4095' a.pam; }
check 'another depth' deep

dashes() { cp rgb.pam ./-dash.pam && enc -o ./-dash.ainn -- -dash.pam && dec -o dash.pam -- -dash.ainn && rm ./-dash.pam ./-dash.ainn; }
check 'names after --' dashes
same_threads() { enc rgb.pam -o t1.ainn -j 1 && enc rgb.pam -o t3.ainn -j 3 && same t1.ainn t3.ainn; }
check 'threads do not change the file' same_threads
size_of() { wc -c <"$1" | tr -d ' '; }
# With several threads one reads ahead of the encoder.
read_ahead() { enc rgb.pam -o t1.ainn -j 1 -e 6 && enc rgb.pam -o t3.ainn -j 3 -e 6 && same t1.ainn t3.ainn && cat rgb.pam | enc - -o t3.ainn -j 3 -e 6 && same t1.ainn t3.ainn &&
    enc - -o t3.ainn -j 3 -e 6 <rgb.pam && same t1.ainn t3.ainn; }
check 'reading ahead, twice, from a file, a pipe and standard input' read_ahead
head -c 20000 rgb.pam >cut.pam
for threads in 1 3; do
    refuses 1 'cut.pam: the file ends too early' "a picture cut short, $threads threads" enc cut.pam -o new.ainn -j $threads
    refuses 1 'limit' "too little memory, $threads threads" enc rgb.pam -o new.ainn -j $threads --max-memory 1000k
done
ordered() { enc rgb.pam -q 10 -o q1.ainn && enc rgb.pam -q 90.5 -o q2.ainn && [ "$(size_of q1.ainn)" -lt "$(size_of q2.ainn)" ]; }
check 'quality orders sizes' ordered
target_size() { enc rgb.pam --target-size 2k -o s.ainn && [ "$(size_of s.ainn)" -le 2000 ]; }
check 'target size' target_size
target_psnr() { enc rgb.pam --target-psnr 30 -o s.ainn --stats | awk '/^PSNR/ { exit !($2 >= 30) }'; }
check 'target PSNR' target_psnr
refuses 1 'rgb.pam: ' 'a target size out of reach' enc rgb.pam --target-size 1 -o new.ainn

stats() { enc rgb.pam -o s.ainn --stats >stats.txt && for word in picture model quality size header metadata hyperprior latents alpha PSNR time memory; do
    grep -q "^ *$word " stats.txt || return 1; done; }
check 'statistics of encoding' stats
stats_sum() { awk -v size="$(size_of s.ainn)" '/^size/ { whole = $2 } /^  (header|metadata|hyperprior|latents|alpha)/ { sum += $2 } END { exit !(sum == whole && whole == size) }' stats.txt; }
check 'the parts add up to the size' stats_sum
stats_stdout() { enc rgb.pam -o - --stats 2>stats.txt >s2.ainn && same s.ainn s2.ainn && grep -q '^PSNR' stats.txt; }
check 'statistics go to standard error when the picture goes to standard output' stats_stdout
dec_stats() { dec rgb.ainn -o s.png --stats >stats.txt && grep -q '^latents\|^  latents' stats.txt; }
check 'statistics of decoding' dec_stats
timing() { dec rgb.ainn --no-output --repeat 2 | grep -q 'megapixels/s'; }
check 'timing without output' timing
for tool in enc dec info; do
    check "ainn$tool -h" "$tool" -h
    check "ainn$tool -V" "$tool" -V
done

# ---- Region, preview, orientation

region() {
    dec rgb.ainn -o whole.ppm && dec rgb.ainn -o part.ppm --region 33,20,50,30 || return 1
    tail -c $((130 * 70 * 3)) whole.ppm | od -An -v -tu1 -w3 >whole.values 2>/dev/null || return 0   # od without -w: not tested
    tail -c $((50 * 30 * 3)) part.ppm | od -An -v -tu1 -w3 >part.values
    awk 'int((NR - 1) / 130) >= 20 && int((NR - 1) / 130) < 50 && (NR - 1) % 130 >= 33 && (NR - 1) % 130 < 83' whole.values | cmp -s - part.values
}
check 'a region has the pixels of the whole' region
check 'a preview' dec rgb.ainn -o preview.png --preview
for bad in 100,60,31,10 0,0,130,71 130,0,1,1 4000000000,0,4000000000,1; do
    refuses 1 'not inside the picture' "region $bad" dec rgb.ainn -o new.png --region $bad
done

png_metadata_behind_pixels >meta.png
meta_through() { enc meta.png -o meta.ainn && info meta.ainn --json >meta.json && grep -q '"orientation": 6' meta.json && grep -q '"xmp": 37' meta.json &&
    grep -q '"exif": 26' meta.json && grep -q '"primaries": 9' meta.json && dec meta.ainn -o meta2.png && enc meta2.png -o meta3.ainn &&
    info meta3.ainn --json | grep -v '"file\|size"\|latents\|bits_per\|header"\|hyper' >a.txt && grep -v '"file\|size"\|latents\|bits_per\|header"\|hyper' meta.json | diff - a.txt; }
check 'EXIF, XMP, colour and orientation pass through PNG both ways' meta_through
turned() { dec meta.ainn -o a.ppm --apply-orientation && [ "$(sed -n 2p a.ppm)" = '6 9' ] && dec meta.ainn -o b.ppm --quiet && [ "$(sed -n 2p b.ppm)" = '9 6' ]; }
check 'the orientation can be applied' turned
warns 'orientation, 6, is lost' 'a format without orientation' dec meta.ainn -o a.ppm
no_meta() { enc meta.png -o a.ainn --ignore-metadata && info a.ainn | grep -q 'metadata   0' && info a.ainn | grep -q 'orientation  6'; }
check 'metadata can be left out, the orientation stays' no_meta
printf '<x:xmpmeta/>' >some.xmp
attach() { enc rgb.pam -o a.ainn --xmp some.xmp --orientation 3 && info a.ainn | grep -q 'XMP 12' && dec a.ainn -o a.png && enc a.png -o b.ainn && info b.ainn | grep -q 'orientation  3'; }
check 'XMP from a file, an orientation from the command line' attach
refuses 1 'not an ICC profile' 'an ICC profile that is none' enc rgb.pam -o new.ainn --icc some.xmp
refuses 1 'not EXIF' 'EXIF that is none' enc rgb.pam -o new.ainn --exif some.xmp
refuses 1 'nothere.icc: No such file' 'a missing ICC profile' enc rgb.pam -o new.ainn --icc nothere.icc

jpeg_turned >a.jpg
if enc a.jpg -o a.ainn 2>err.log; then
    jpeg_info() { info a.ainn | grep -q 'picture      27 x 18, 8 bits, RGB' && info a.ainn | grep -q 'orientation  6' && info a.ainn | grep -q 'EXIF 26'; }
    check 'JPEG with EXIF' jpeg_info
    head -c $(($(size_of a.jpg) - 60)) a.jpg >cut.jpg
    refuses 1 'cut.jpg: ' 'a JPEG cut short' enc cut.jpg -o new.ainn
elif ! grep -q 'built without JPEG' err.log; then
    fail 'JPEG'
fi

# ---- Sequences

for i in 0 1 2; do
    picture 3 $((40 + 8 * i)) 24 255 >"wide$i.pam"
    header 3 40 24 255 >"frame$i.pam"
    tail -c $((40 * 24 * 3)) "wide$i.pam" >>"frame$i.pam"
done
sequence() { enc frame0.pam frame1.pam frame2.pam --fps 30000/1001 -o film.ainn && dec film.ainn -o film%03d.pam && dec film.ainn --frame 1 -o one.pam && same one.pam film001.pam && enc frame2.pam -o f2.ainn && dec f2.ainn -o f2.pam && same f2.pam film002.pam; }
check 'a sequence, its frames equal to stills' sequence
listed() { info film.ainn >film.txt && grep -q '3 frames, time base 1001/30000' film.txt && [ "$(grep -c '^ *[012]  *[012] ' film.txt)" -eq 3 ]; }
check 'a sequence listed frame by frame' listed
film_json() { info film.ainn --json >film.json && [ "$(grep -c '"pts"' film.json)" -eq 3 ] && grep -q '"kind": "sequence"' film.json; }
check 'a sequence as JSON' film_json
concatenated() { cat film000.pam film001.pam film002.pam >all.pam && dec film.ainn --frame all -o - -f pam >all2.pam && same all.pam all2.pam; }
check 'all frames on standard output' concatenated
film_stats() { enc frame0.pam frame1.pam --fps 25 -o s.ainn --stats >stats.txt && grep -q '^frames *2' stats.txt && stats_sum; }
check 'statistics of a sequence' film_stats
one_frame() { enc frame0.pam --fps 24.5 -o one.ainn && info one.ainn | grep -q '1 frames, time base 2/49'; }
check 'a sequence of one frame, a decimal rate' one_frame
warns 'sequence of 3 frames' 'the first frame by default' dec film.ainn -o first.pam
check 'the first frame is frame 0' same first.pam film000.pam
refuses 1 'no frame 3' 'a frame that is not there' dec film.ainn -o new.png --frame 3
refuses 1 'does not fit the first' 'frames of different sizes' enc frame0.pam wide1.pam --fps 25 -o new.ainn
refuses 2 'needs a %d' 'all frames into one file' dec film.ainn --frame all -o new.png
refuses 2 'more than one place' 'two numbers in a name' dec film.ainn -o new%d%d.png
refuses 2 'give its rate with --fps' 'several inputs without a rate' enc frame0.pam frame1.pam -o new.ainn
head -c $(($(size_of film.ainn) * 2 / 5)) film.ainn >cutfilm.ainn
cut_sequence() { dec cutfilm.ainn --quiet --frame 0 -o cut0.pam && same cut0.pam film000.pam; }
check 'the first frame of a sequence cut short' cut_sequence
refuses 1 'ainn: ' 'all frames of a damaged sequence: none is left' sh -c '
    size=$(wc -c <film.ainn); cp film.ainn "$0"; printf "\125\252\125\252\125\252\125\252" | dd of="$0" bs=1 seek=$((size * 4 / 5)) conv=notrunc 2>/dev/null
    "$1" --quiet "$0" -o damaged%d.png; code=$?; rm "$0"; exit $code' damaged.ainn "$tools/ainndec"

# ---- ainninfo

info_text() { info rgb.ainn >info.txt && grep -q 'picture      130 x 70, 8 bits, RGB' info.txt && grep -q "size         $(size_of rgb.ainn) bytes" info.txt; }
check 'information' info_text
info_many() { info rgb.ainn gray.ainn - <rgba.ainn >info.txt && [ "$(grep -c '^  model ' info.txt)" -eq 3 ]; }
check 'information on several files' info_many
info_json() { info --json rgb.ainn gray.ainn >info.json && [ "$(grep -c '"file"' info.json)" -eq 2 ] && [ "$(head -n 1 info.json)" = '[' ] && [ "$(tail -n 1 info.json)" = ']' ]; }
check 'information as JSON' info_json
map() { info rgb.ainn --map map.ppm >info.txt && [ "$(sed -n 2p map.ppm)" = '130 70' ] && [ "$(size_of map.ppm)" -eq $((130 * 70 * 3 + 14)) ]; }
check 'a map of the bits' map
check 'a map of a grey picture' info gray.ainn --map map.png
models() { info --list-models | grep -q 'kMAC per pixel'; }
check 'models inside the library' models
model=$(info --list-models | sed -n '1s/^model //p')
one_model() { info --model "$model" | grep -q "^model $model"; }
check 'one model by its name' one_model
metrics() { info --list-models | awk '$1 == "model" { name = $2 } $1 == "trained" { n++; bad += (name ~ /-msssim$/) != ($3 == "MS-SSIM") } END { exit !n || bad }'; }
check 'models say what they were trained for' metrics
partly() { info rgb.ainn nothere.ainn >info.txt 2>partly.txt; [ $? -eq 1 ] && grep -q "130 x 70" info.txt && grep -q nothere partly.txt; }
check 'what can be read is shown where another file cannot' partly

# ---- Files that are damaged or something else

cp rgb.ainn existing.keep
: >empty
printf 'not a picture at all' >text
head -c 20 rgb.ainn >stump.ainn
head -c $(($(size_of rgb.ainn) * 2 / 3)) rgb.ainn >cut.ainn
cp rgb.ainn flip.ainn
printf '\252\125\252\125' | dd of=flip.ainn bs=1 seek=$(($(size_of rgb.ainn) * 3 / 4)) conv=notrunc 2>/dev/null
for file in empty text stump.ainn cut.ainn flip.ainn; do
    refuses 1 "$file: " "decoding $file" dec $file -o new.png
    refuses 1 "$file: " "decoding $file over an existing file" dec $file -f png -o existing.keep
done
refuses 1 'standard input: ' 'decoding nothing from a pipe' dec - -o new.png </dev/null
for file in empty text stump.ainn; do
    refuses 1 "$file: " "information on $file" info $file
done
cut_info() { info cut.ainn | grep -q 'cut short'; }
check 'information on a cut file says so' cut_info
warns 'is damaged' 'a cut file can be rescued' dec cut.ainn -o rescued.png --ignore-damage
warns 'is damaged' 'a damaged file can be rescued' dec flip.ainn -o rescued.png --ignore-damage
cat rgb.ainn text >tail.ainn
warns '20 bytes after the picture' 'bytes after the picture' dec tail.ainn -o a.png

for file in empty text rgb.ainn; do
    refuses 1 "$file: " "encoding $file" enc $file -o new.ainn
done
head -c 500 rgb.pam >cut.pam
refuses 1 'cut.pam: the file ends too early' 'a PAM cut short' enc cut.pam -o new.ainn
refuses 1 'standard input: the file ends too early' 'a PAM cut short on a pipe' sh -c 'cat cut.pam | "$0" - -o new.ainn' "$tools/ainnenc"
refuses 1 'cut.pam: ' 'a bad input keeps an existing file' enc cut.pam -o existing.keep
for cut in 20 60 400; do
    dec rgb.ainn -o a.png && head -c $cut a.png >cut.png
    refuses 1 'cut.png: the file ends too early' "a PNG cut at $cut" enc cut.png -o new.ainn
done
cp a.png flip.png
printf '\252' | dd of=flip.png bs=1 seek=1000 conv=notrunc 2>/dev/null
refuses 1 'flip.png: ' 'a damaged PNG' enc flip.png -o new.ainn
printf 'P6 4000000000 4000000000 255\n' >huge.ppm
refuses 1 'over the limit' 'a picture over the limit of pixels' enc huge.ppm -o new.ainn
printf 'P6 0 5 255\n' >none.ppm
refuses 1 'no pixels' 'a picture without pixels' enc none.ppm -o new.ainn
printf 'P6 2 2 70000\n' >deep.ppm
refuses 1 'largest sample value' 'samples of more than 16 bits' enc deep.ppm -o new.ainn
printf 'P5 2 1 99\n\143\144' >over.pgm
refuses 1 'largest value' 'a sample above the largest' enc over.pgm -o new.ainn
printf 'P4 8 1\n\125' >bits.pbm
refuses 1 'P4 is not supported' 'PBM' enc bits.pbm -o new.ainn
printf 'P7\nWIDTH 2\nHEIGHT 2\nDEPTH 5\nMAXVAL 255\nENDHDR\n' >five.pam
refuses 1 '5 channels' 'five channels' enc five.pam -o new.ainn
refuses 1 'over the limit of 100 ' 'a limit of pixels' enc rgb.pam -o new.ainn --max-pixels 100
refuses 1 'rgb.ainn: ' 'a limit of pixels in decoding' dec rgb.ainn -o new.png --max-pixels 1k
refuses 1 'rgb.ainn: ' 'a limit of memory in decoding' dec rgb.ainn -o new.png --max-memory 10k

# ---- Files that cannot be read or written

refuses 1 'nothere.png: No such file' 'a missing picture' enc nothere.png -o new.ainn
refuses 1 'nothere.ainn: No such file' 'a missing file' dec nothere.ainn -o new.png
mkdir folder
refuses 1 'folder: ' 'a folder as a picture' enc folder -o new.ainn
refuses 1 'folder: ' 'a folder as a file' dec folder -o new.png
refuses 1 'folder: Is a directory' 'a folder as the output' enc rgb.pam -o folder
refuses 1 'nofolder/new.ainn: No such file' 'an output in a missing folder' enc rgb.pam -o nofolder/new.ainn
refuses 1 'rgb.pam/x.ainn: Not a directory' 'an output below a file' enc rgb.pam -o rgb.pam/x.ainn
cp rgb.pam same.keep
refuses 1 'also an input' 'the input as the output' enc same.keep -o same.keep
ln -s same.keep link.pam
refuses 1 'also an input' 'the input as the output by another name' enc link.pam -o ./same.keep
refuses 1 'also an input' 'the file as the output' dec -f pam existing.keep -o existing.keep
refuses 1 'also an input' 'the input as the output of a redirection' sh -c '"$0" - -o same.keep <same.keep' "$tools/ainnenc"
refuses 1 'also an input' 'the file as the map' sh -c 'cp rgb.ainn map.png; "$0" map.png --map map.png >/dev/null; code=$?; cmp rgb.ainn map.png; dd if=/dev/null of=map.png 2>/dev/null; exit $code' "$tools/ainninfo"
if [ "$(id -u)" -ne 0 ]; then
    cp rgb.pam locked.pam && chmod 0 locked.pam
    refuses 1 'locked.pam: Permission denied' 'a picture that cannot be read' enc locked.pam -o new.ainn
    chmod 400 existing.keep
    refuses 1 'existing.keep: Permission denied' 'an output that cannot be written' enc rgb.pam -o existing.keep
    chmod 600 existing.keep
    mkdir shut && chmod 500 shut
    refuses 1 'shut/x.ainn: Permission denied' 'a folder that cannot be written' enc rgb.pam -o shut/x.ainn
fi
if [ -w /dev/full ]; then
    refuses 1 'No space left' 'a full device: encoding' enc rgb.pam -o /dev/full
    refuses 1 'No space left' 'a full device: encoding a sequence' enc frame0.pam frame1.pam --fps 25 -o /dev/full
    refuses 1 'No space left' 'a full device: PNG' dec rgb.ainn -f png -o /dev/full
    refuses 1 'No space left' 'a full device: PPM' dec rgb.ainn -f ppm -o /dev/full
    for command in 'ainnenc rgb.pam -o new.ainn --stats' 'ainndec rgb.ainn -o new.png --stats' 'ainnenc rgb.pam -o -' 'ainndec rgb.ainn -o -' 'ainndec rgb.ainn -o - -f ppm' 'ainninfo rgb.ainn' 'ainninfo --json rgb.ainn' 'ainnenc -h' 'ainndec -V'; do
        refuses 1 'standard output: No space left' "a full standard output: $command" sh -c "\"$tools/\"$command >/dev/full"
    done
fi
# A limit on the size of files acts like a full disk, with an output that has a temporary name.
limited() { (ulimit -f 1 && exec "$@"); }
refuses 1 'File too large' 'a disk that fills: PPM' limited "$tools/ainndec" rgb.ainn -o new.ppm
refuses 1 'File too large' 'a disk that fills: PNG' limited "$tools/ainndec" rgb.ainn -o new.png
refuses 1 'File too large' 'a disk that fills keeps the existing file' limited "$tools/ainndec" rgb.ainn -f ppm -o existing.keep
picture 3 256 128 255 >big.pam && enc big.pam -o big.ainn
refuses 1 'standard output: Broken pipe' 'a closed pipe' sh -c '{ "$0" big.ainn -o - -f ppm; echo $? >"$1"; } | :; code=$(cat "$1"); rm "$1"; exit $code' "$tools/ainndec" pipe.code

replaced() { cp rgb.pam r.ainn && chmod 640 r.ainn && ln -s r.ainn r2.ainn && enc rgb.pam -o r2.ainn && same r.ainn rgb.ainn && [ -L r2.ainn ] && [ "$(ls -l r.ainn | cut -c 1-10)" = '-rw-r-----' ]; }
check 'an existing file is replaced, keeping its mode and the link to it' replaced

killed() {
    mkfifo fifo || return 1
    "$tools/ainnenc" fifo -o killed.ainn >/dev/null 2>&1 &
    pid=$!
    exec 9>fifo
    printf 'P5 64 64 255\nxxxx' >&9
    for wait in 1 2 3 4 5 6 7 8; do
        ls .killed.ainn.* >/dev/null 2>&1 && break
        sleep 1
    done
    ls .killed.ainn.* >/dev/null || return 1
    kill -TERM $pid
    wait $pid 2>/dev/null
    code=$?
    exec 9>&-
    [ $code -eq 143 ] && ! ls .killed.ainn.* killed.ainn 2>/dev/null
}
[ -n "${TOOLS_WRAP:-}" ] || check 'a signal leaves nothing behind' killed

# ---- Command lines

refuses 1 'nosuch' 'a missing model' enc rgb.pam -o new.ainn -m nosuch
looked_for() { AINN_MODEL_PATH=$work/models1:$work/models2 enc rgb.pam -o new.ainn -m nosuch 2>&1 | grep 'models1.*models2' >/dev/null; }
check 'a missing model: the message says where it was looked for' looked_for
refuses 1 'nothere.ainnmodel' 'a missing model file' enc rgb.pam -o new.ainn -m ./nothere.ainnmodel
refuses 1 'text' 'a model that is none' enc rgb.pam -o new.ainn -m ./text
refuses 1 'nosuch' 'a missing model in decoding' dec rgb.ainn -o new.png -m nosuch
refuses 1 'nosuch' 'information on a missing model' info --model nosuch
for tool in enc dec info; do
    refuses 2 'no .* is given.*-h' "ainn$tool without arguments" "$tool"
    refuses 2 'option --nonsense.*-h' "ainn$tool with an unknown option" "$tool" --nonsense rgb.pam
    refuses 2 'option -X' "ainn$tool with an unknown letter" "$tool" -X rgb.pam
    refuses 2 'option -j needs a value' "ainn$tool with a value missing" "$tool" rgb.pam -j
    refuses 2 'option --quiet=1 takes no value' "ainn$tool with a value too many" "$tool" --quiet=1 rgb.pam
    refuses 2 '-j: x' "ainn$tool with bad threads" "$tool" -j x rgb.pam
done
refuses 2 'no output' 'encoding without an output' enc rgb.pam
refuses 2 'no output' 'decoding without an output' dec rgb.ainn
for bad in '-q 101' '-q -1' '-q' '-q high' '-q nan' '--target-size 0' '--target-size 5x' '--target-size -5' '--target-psnr 0' '--target-psnr 1000' '-e 10' '-e 1.5' \
    '--fps 0' '--fps 25/0' '--fps x' '--fps 25/' '--alpha-quality 200' '--orientation 9' '--cicp 1,13,0' '--cicp 1,13,0,2' '--max-pixels lots' '-j 5000' \
    '-q 50 --target-size 5k' '--target-size 5k --target-psnr 30' '--icc a --ignore-icc' '--xmp a --ignore-metadata'; do
    # shellcheck disable=SC2086
    refuses 2 '-h shows' "encoding with $bad" enc rgb.pam -o new.ainn $bad
done
for bad in '--region 1,2,3' '--region 1,2,0,3' '--region 1,2,3,-4' '--region 1,2,3,4,5' '--frame x' '--frame -1' '--depth 7' '--depth 17' '--depth 12' '-f tiff' '-z 10' '--repeat 3' \
    '--repeat 0' '--no-output' 'gray.ainn'; do
    # shellcheck disable=SC2086
    refuses 2 '-h shows' "decoding with $bad" dec rgb.ainn -o new.png $bad
done
refuses 2 'ends in none of' 'an output of an unknown kind' dec rgb.ainn -o new.tiff
refuses 2 'standard input is given twice' 'standard input twice' enc - - --fps 25 -o new.ainn
refuses 2 'goes with one file' 'a map of two files' info rgb.ainn gray.ainn --map new.png
refuses 2 'ends in none of' 'a map of an unknown kind' info rgb.ainn --map new.tiff
refuses 2 'goes with --map' 'a frame without a map' info rgb.ainn --frame 1

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

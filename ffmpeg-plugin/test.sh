#!/usr/bin/env bash
# Tests the AINN codec in FFmpeg: FATE's own tests, then what FATE cannot say.
#
#   test.sh [options] LIBAINN-BUILD WORK
#
# LIBAINN-BUILD is a folder in which libainn has been built; FFmpeg is built in WORK by build.sh, where it is not yet.
#
#   --generate      write FATE's references anew (after fate-samples/generate.py; look at the difference!)
#   --release R     FFmpeg's release; 5.1 if not given
#   --thorough      also: patcheck, builds without libainn and with everything disabled, 1,000 frames under valgrind's eye
set -euo pipefail
here=$(dirname "$(realpath "$0")")
samples=$(realpath "$here/../fate-samples")
# As many as tests/fate/ainn.mak has: tests whose components are missing vanish without a word.
fate_tests=47

generate=0 thorough=0 release=5.1
while [ $# -gt 0 ]; do
    case $1 in
        --generate) generate=1 ;;
        --thorough) thorough=1 ;;
        --release)  release=$2; shift ;;
        -h|--help)  sed -n '2,/^set /s/^# \?//p' "$0"; exit 0 ;;
        -*)         echo "test.sh: unknown option $1" >&2; exit 2 ;;
        *)          break ;;
    esac
    shift
done
[ $# -eq 2 ] || { echo "usage: test.sh [options] LIBAINN-BUILD WORK" >&2; exit 2; }
libainn=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")

# libainn is installed into the work folder, and its .pc file told where it came to lie.
stage=$work/stage
make -C "$libainn" install DESTDIR="$stage" >"$work/install.log" 2>&1
pc=$(find "$stage" -name libainn.pc)
installed=$(sed -n 's/^prefix=//p' "$pc")
case $installed in "$stage"*) ;; *) sed -i "s|^prefix=.*|prefix=$stage$installed|; s|=$installed/|=$stage$installed/|" "$pc" ;; esac
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
bin=$stage${installed#"$stage"}/bin
LD_LIBRARY_PATH=$(pkg-config --variable=libdir libainn)
export LD_LIBRARY_PATH
"$here/build.sh" --minimal --release "$release" --work "$work" >"$work/build.log" 2>&1 ||
    { tail -n 30 "$work/build.log"; exit 1; }
build=$work/build-$release-minimal
source=$work/ffmpeg-$release

scratch=$work/scratch
rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"
failed=0
ok()   { printf 'ok      %s\n' "$*"; }
fail() { printf 'FAILED  %s\n' "$*"; failed=$((failed + 1)); }
# check TITLE COMMAND...
check() { local title=$1; shift; if "$@"; then ok "$title"; else fail "$title"; fi; }
same() { [ -n "$1" ] && [ "$1" = "$2" ]; }
ffmpeg()  { "$build/ffmpeg" -v error -nostdin -y "$@"; }
ffprobe() { "$build/ffprobe" -v error "$@"; }
# The MD5 of each frame of an input's pixels, without their times.
frames() { ffmpeg "$@" -fps_mode passthrough -f framemd5 - 2>/dev/null | awk '!/^#/ { print $NF }'; }
# The exit code and the first lines of what a command says.
said() { local text status=0; text=$("$build/ffmpeg" -v error -nostdin -y "$@" 2>&1) || status=$?; printf '%s\n%s\n' "$status" "$text"; }
# An error is FFmpeg's own kind: a code of its own that is no signal's, and words.
error() {
    local title=$1 words=$2 text status
    shift 2
    text=$(said "$@")
    status=${text%%$'\n'*}
    if [ "$status" -gt 0 ] && [ "$status" -lt 128 ] && grep -q "$words" <<<"$text"; then ok "error: $title"; else fail "error: $title: $text"; fi
}

echo "== FATE, FFmpeg $release"
fate() { make -C "$build" -k fate-ainn SAMPLES="$samples" "$@" >"$work/fate.log" 2>&1; }
if [ "$generate" = 1 ]; then
    cp "$here"/tests/fate/ainn.mak "$source/tests/fate/"
    fate GEN=1 || { tail -n 20 "$work/fate.log"; exit 1; }
    cp "$source"/tests/ref/fate/ainn-* "$here/tests/ref/fate/"
fi
listed=$(make -C "$build" fate-list SAMPLES="$samples" 2>/dev/null | grep -c '^fate-ainn' || true)
check "$listed tests listed, $fate_tests expected" [ "$listed" -eq "$fate_tests" ]
for threads in 1 3; do
    if fate THREADS=$threads; then
        ok "$(grep -c '^TEST  *ainn' "$work/fate.log") tests pass with $threads threads"
    else
        fail "with $threads threads: $(grep -o "recipe for target.*\|Error.*\|\[.*fate-ainn.*" "$work/fate.log" | head -n 20)"
    fi
done

echo "== The tools and FFmpeg agree"
photo=$samples/photo.png
ffmpeg -i "$photo" -vf scale=384:256:flags=+accurate_rnd+bitexact+area -pix_fmt rgb24 -frames:v 1 -update 1 photo.png
ffmpeg -i photo.png -c:v ainn -model fast -quality 61 ffmpeg.ainn
"$bin/ainnenc" --quiet photo.png -m fast -q 61 -o tool.ainn
check "encoder: the same file" cmp ffmpeg.ainn tool.ainn
"$bin/ainndec" --quiet tool.ainn -o tool.png
check "decoder: the same pixels" same "$(frames -i tool.png)" "$(frames -i tool.ainn)"

echo "== Containers, seeking, pipes"
clip=(-f lavfi -i testsrc2=s=192x128:r=10:d=3 -pix_fmt rgb24)
ffmpeg "${clip[@]}" -c:v ainn -model fast -quality 40 clip.ainn
want=$(frames -i clip.ainn)
check "a sequence of 30 frames" [ "$(wc -l <<<"$want")" -eq 30 ]
ffmpeg -i clip.ainn -c copy frame%03d.ainn
cat frame*.ainn >concat.ainn
check "image2 in and out" same "$want" "$(frames -i frame%03d.ainn)"
check "the tool decodes the frames to the same" same "$(for f in frame*.ainn; do "$bin/ainndec" --quiet "$f" -o one.png; frames -i one.png; done)" "$want"
"$bin/ainnenc" --quiet --fps 10 -m fast photo.png photo.png -o tool-sequence.ainn
check "the tool's sequence" [ "$(frames -i tool-sequence.ainn | wc -l)" -eq 2 ]
"$bin/ainndec" --quiet clip.ainn -o tool%03d.png && check "FFmpeg's sequence in the tool" same "$(frames -i tool%03d.png)" "$want" || fail "FFmpeg's sequence in the tool"
for kind in mkv nut avi mov; do
    ffmpeg -i clip.ainn -c copy clip.$kind
    check "$kind: -c copy and back" same "$want" "$(frames -i clip.$kind)"
    ffmpeg -i clip.$kind -c copy back.ainn
    check "$kind: the packets again" same "$(ffmpeg -i clip.ainn -c copy -map_metadata -1 -f framemd5 - | awk '!/^#/ { print $6 }')" \
        "$(ffmpeg -i back.ainn -c copy -f framemd5 - | awk '!/^#/ { print $6 }')"
    check "$kind: tag" same "$(ffprobe -show_entries stream=codec_name,codec_tag_string -of csv=p=0 clip.$kind)" ainn,AINN
done
for time in 0 0.7 1.25 2.9; do
    from=$(awk "BEGIN { printf \"%d\", $time * 10 + 1.9999 }")
    [ "$time" = 0 ] && from=1
    expected=$(sed -n "$from,\$p" <<<"$want")
    for input in clip.ainn clip.mkv clip.nut clip.avi clip.mov concat.ainn frame%03d.ainn; do
        rate=(); case $input in concat*|frame%*) rate=(-framerate 10) ;; esac
        got=$(frames "${rate[@]}" -ss "$time" -i "$input")
        [ "$got" = "$expected" ] || fail "-ss $time in $input: $(wc -l <<<"$got") frames, $(wc -l <<<"$expected") expected"
    done
done
ok "-ss in sequence, mkv, nut, avi, mov, concatenation and image2"
check "sequence from a pipe" same "$want" "$(frames -i - <clip.ainn)"
check "concatenation from a pipe" same "$want" "$(frames -i - <concat.ainn)"
check "concatenation through the parser" same "$want" "$(frames -f ainn_pipe -i - <concat.ainn)"
check "image2pipe out and in" same "$want" "$(ffmpeg -i clip.ainn -c copy -f image2pipe - | frames -f image2pipe -c:v ainn -i -)"
(head -c 3000 "$photo"; cat frame001.ainn frame002.ainn; head -c 900 "$photo"; cat frame003.ainn) >junk.bin
check "the parser after junk" same "$(head -n 3 <<<"$want")" "$(frames -f ainn_pipe -i - <junk.bin)"
check "the demuxer after junk" same "$(head -n 3 <<<"$want")" "$(frames -f ainn -i junk.bin)"
head -c $(($(stat -c %s clip.ainn) - 100)) clip.ainn >noindex.ainn
check "a sequence without its index, seeked" same "$(sed -n '13,20p' <<<"$want")" "$(frames -ss 1.2 -i noindex.ainn | head -n 8)"

echo "== Pixels, metadata"
for format in rgb24 rgba rgb48 rgba64 gray ya8 gray10 gray12 gray14 gray16 ya16 gbrp gbrp10 gbrp12 gbrp14 gbrp16 gbrap gbrap10 gbrap12 gbrap16; do
    ffmpeg -f lavfi -i testsrc2=s=67x35 -pix_fmt "$format" -frames:v 1 -c:v ainn -model fast -quality 100 p.ainn 2>/dev/null
    db=$("$build/ffmpeg" -v info -nostdin -f lavfi -i testsrc2=s=67x35 -i p.ainn -frames:v 1 -lavfi "[0]format=$format,format=gbrap16[a];[1]format=gbrap16[b];[a][b]psnr" -f null - 2>&1 | sed -n 's/.*average:\([0-9inf.]*\).*/\1/p')
    [ "${db%.*}" = inf ] || [ "${db%.*}" -ge 26 ] || fail "$format: $db dB"
done
ok "20 pixel formats come back at more than 26 dB"
tags() { ffprobe -show_entries frame_tags -of default=nw=1 "$1" | grep -v '^TAG:ainn[.]' | sort; }
cp "$samples/ainn/metadata.ainn" .
ffmpeg -noautorotate -i metadata.ainn -c:v ainn -model fast -orientation frame again.ainn
check "EXIF and XMP, both ways" same "$(tags metadata.ainn)" "$(tags again.ainn)"
side() { ffprobe -show_entries frame_side_data -of json "$1"; }
check "ICC and orientation, both ways" same "$(side metadata.ainn)" "$(side again.ainn)"
check "the tool finds the orientation" grep -q 'orientation *6' <("$bin/ainninfo" again.ainn)
color() { ffprobe -show_entries stream=color_range,color_space,color_transfer,color_primaries -of csv=p=0 "$1"; }
ffmpeg -f lavfi -i testsrc2=s=64x48 -vf format=yuv420p,setparams=range=limited:colorspace=bt709:color_primaries=bt2020:color_trc=bt709 -frames:v 1 -c:v ainn -model fast color.ainn
check "colour of converted YUV" same "$(color color.ainn)" pc,gbr,bt709,bt2020

echo "== ffprobe"
json=$(ffprobe -show_streams -show_packets -of json clip.mkv; ffprobe -show_streams -show_packets -of json clip.ainn)
check "profile" same "$(ffprobe -show_entries stream=profile -of csv=p=0 clip.mkv)" fast
for key in quality header_bytes hyperprior_bytes latent_bytes; do grep -q "ainn.$key" <<<"$json" || fail "ffprobe: no $key"; done
check "JSON" python3 -c 'import json, sys; json.load(sys.stdin)' < <(ffprobe -show_streams -show_packets -show_format -of json clip.ainn)
check "no model is needed" [ -n "$(AINN_MODEL_PATH=/nowhere ffprobe -skip_idct all -show_entries frame_tags=ainn.latent_bytes -of csv=p=0 clip.mkv)" ]
info() { "$bin/ainninfo" "$1" | awk "/^ *$2 / { print \$2; exit }"; }
tag() { ffprobe -show_entries "packet_tags=ainn.$2" -of csv=p=0 "$1" | head -n 1 | tr -d ,a-z_; }
check "the same sizes as ainninfo" same "$(info frame001.ainn hyperprior) $(info frame001.ainn latents)" "$(tag frame001.ainn hyperprior_bytes) $(tag frame001.ainn latent_bytes)"

echo "== Targets"
ffmpeg -i photo.png -c:v ainn -model fast -target_size 9000 size.ainn
check "target_size: $(stat -c %s size.ainn) of 9000 bytes" [ "$(stat -c %s size.ainn)" -le 9000 -a "$(stat -c %s size.ainn)" -ge 8500 ]
ffmpeg "${clip[@]}" -c:v ainn -model fast -b:v 200k rate.ainn
check "b:v 200k: 3 s in $(stat -c %s rate.ainn) bytes" [ "$(stat -c %s rate.ainn)" -le 76000 ]
check "preview is not the picture, but has its size" [ "$(frames -preview 1 -i frame001.ainn)" != "$(head -n 1 <<<"$want")" ]

echo "== Errors"
error "two targets" "Only one of" -i photo.png -c:v ainn -quality 50 -target_size 900 x.ainn
error "two models" "contradict" -i photo.png -c:v ainn -model fast -profile:v standard x.ainn
error "no such model" "Cannot open the model" -i photo.png -c:v ainn -model nosuch x.ainn
error "unreachable size" "Encoding failed" -i photo.png -c:v ainn -model fast -target_size 30 x.ainn
error "quality out of range" "out of range" -i photo.png -c:v ainn -quality 101 x.ainn
error "a second picture in a still" "Only a sequence" "${clip[@]}" -c:v ainn -model fast -sequence 0 x.ainn
echo hello >text.ainn
error "no picture" "nvalid data" -i text.ainn -f null -
head -c 20 frame001.ainn >short.ainn
error "a header cut short" "nvalid data\|any stream\|header" -xerror -i short.ainn -f null -
check "explode" same "$(said -xerror -err_detect explode -i "$samples/ainn/damaged.ainn" -f null - | head -n 1)" 1
check "damage is flagged" grep -q corrupt < <("$build/ffmpeg" -v warning -nostdin -i "$samples/ainn/damaged.ainn" -f null - 2>&1)
python3 - clip.ainn broken.ainn <<'PYTHON'
import sys
data = bytearray(open(sys.argv[1], 'rb').read())
starts = [i for i in range(len(data)) if data[i:i + 4] == b'\x8aAIN']
data[starts[3] + 60] ^= 0x40                         # pixels of one
data[starts[10] + 12] ^= 0x40                        # header of one
data[starts[20] - 4:starts[20] + 9] = b'lost frame!!!'
open(sys.argv[2], 'wb').write(data)
PYTHON
got=$(frames -i broken.ainn)
check "a sequence goes on after damaged frames: $(wc -l <<<"$got") of 30 come" [ "$(wc -l <<<"$got")" -ge 28 -a "$(tail -n 1 <<<"$got")" = "$(tail -n 1 <<<"$want")" ]
if command -v valgrind >/dev/null; then
    for file in cut damaged tiny; do
        check "valgrind: $file.ainn" valgrind -q --error-exitcode=99 "$build/ffmpeg" -v quiet -nostdin -i "$samples/ainn/$file.ainn" -f null -
    done
    crashes=0
    for i in $(seq 1 12); do
        python3 -c "
import random, sys
random.seed($i)
data = bytearray(open('$samples/ainn/sequence.ainn', 'rb').read())
for _ in range(8): data[random.randrange(len(data) // (1 + $i % 4))] = random.randrange(256)
open('fuzz.ainn', 'wb').write(data[:random.randrange(len(data) // 2, len(data))])"
        status=0
        valgrind -q --error-exitcode=99 "$build/ffprobe" -v quiet -show_streams -show_packets -skip_idct all -show_frames fuzz.ainn >/dev/null 2>valgrind.log || status=$?
        [ "$status" -lt 99 ] || { crashes=$((crashes + 1)); cat valgrind.log; }
    done
    check "valgrind: ffprobe on 12 damaged sequences" [ "$crashes" -eq 0 ]
fi

echo "== Threads, memory"
ffmpeg -f lavfi -i testsrc2=s=640x384:r=25 -frames:v 24 -pix_fmt rgb24 -c:v rawvideo big.nut
elapsed() { local begun; begun=$(date +%s%N); "$@"; echo $(($(date +%s%N) - begun)); }
for n in 1 2; do
    enc[n]=$(elapsed ffmpeg -i big.nut -threads $n -c:v ainn -model fast big$n.ainn)
    dec[n]=$(elapsed ffmpeg -threads $n -i big1.ainn -f null -)
done
check "the same file with 1 and 2 threads" cmp big1.ainn big2.ainn
printf 'note    2 threads: encoding x %s, decoding x %s (load %s; 1.7 is the aim on two free cores)\n' \
    "$(awk "BEGIN { printf \"%.2f\", ${enc[1]} / ${enc[2]} }")" "$(awk "BEGIN { printf \"%.2f\", ${dec[1]} / ${dec[2]} }")" "$(cut -d ' ' -f 1 /proc/loadavg)"
peak() { /usr/bin/env python3 -c 'import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"; }
count=200; [ "$thorough" = 1 ] && count=1000
small=$(peak "$build/ffmpeg" -v error -nostdin -y -f lavfi -i testsrc2=s=128x96 -frames:v 50 -threads 2 -c:v ainn -model fast -f ainn few.ainn)
large=$(peak "$build/ffmpeg" -v error -nostdin -y -f lavfi -i testsrc2=s=128x96 -frames:v $count -threads 2 -c:v ainn -model fast -f ainn many.ainn)
check "encoding: 50 frames take $small KiB, $count take $large" [ $((large - small)) -lt 6000 ]
small=$(peak "$build/ffmpeg" -v error -nostdin -threads 2 -i few.ainn -f null -)
large=$(peak "$build/ffmpeg" -v error -nostdin -threads 2 -i many.ainn -f null -)
check "decoding: 50 frames take $small KiB, $count take $large" [ $((large - small)) -lt 6000 ]

if [ "$thorough" = 1 ]; then
    echo "== The patch"
    "$here/patch.sh" "$release" "$work" >ainn.patch
    (cd "$source" && tools/patcheck "$scratch/ainn.patch") >patcheck.txt 2>&1 || true
    cat patcheck.txt
    for arguments in "--disable-everything" "--disable-everything --enable-libainn --enable-decoder=libainn" "--disable-everything --enable-libainn --enable-encoder=libainn --enable-muxer=ainn" "--disable-everything --enable-demuxer=ainn --enable-muxer=ainn --enable-parser=ainn"; do
        dir=$work/build-check
        rm -rf "$dir"
        mkdir -p "$dir"
        # shellcheck disable=SC2086
        check "build: $arguments" sh -c "cd '$dir' && '$source/configure' --disable-autodetect --disable-doc --disable-x86asm $arguments >log 2>&1 && make -j$(nproc) libavcodec/libavcodec.a libavformat/libavformat.a >>log 2>&1 || { tail -n 5 log; false; }"
    done
fi

if [ "$failed" -gt 0 ]; then
    echo "$failed checks FAILED"
    exit 1
fi
echo "All checks passed."

#!/usr/bin/env bash
# Shows the codec at work: a photo to .ainn and back beside JPEG and WebP, and a clip in Matroska and as a sequence.
#
#   demo.sh BIN PHOTO OUT      BIN has ffmpeg, ffprobe and libainn's tools; results are left in OUT
set -euo pipefail
[ $# -eq 3 ] || { sed -n '2,4s/^# \?//p' "$0" >&2; exit 2; }
bin=$(realpath "$1") photo=$(realpath "$2") ours=$(realpath "$(dirname "$0")/../fate-samples/photo.png")
mkdir -p "$3"
cd "$3"

# show COMMAND...: prints a command as a user would type it, and runs it.
show() { printf '\n$ %s\n' "${*//"$bin/"/}"; "$@"; }
ffmpeg=("$bin/ffmpeg" -hide_banner -v error -nostdin -y)
size() { stat -c %s "$1"; }
psnr() { "$bin/ffmpeg" -hide_banner -nostdin -i "$1" -i "$photo" -lavfi '[0]format=gbrp[a];[1]format=gbrp[b];[a][b]psnr' -f null - 2>&1 |
    sed -n 's/.*average:\([0-9.inf]*\).*/\1/p'; }
row() { printf '  %-22s %8d bytes  %6.2f dB\n' "$1" "$(size "$2")" "$(psnr "${3:-$2}")"; }

show "${ffmpeg[@]}" -i "$photo" -c:v ainn -quality 50 photo.ainn
show "${ffmpeg[@]}" -i photo.ainn -frames:v 1 -update 1 photo-back.png
show "$bin/ffprobe" -v error -show_entries stream=codec_name,profile,width,height,pix_fmt:packet=size:packet_tags -of default=nw=1 photo.ainn

# The others get the same bytes: the best quality that fits, found by bisection where they have no such option.
budget=$(size photo.ainn)
printf '\nAt the same size:\n'
row AINN photo.ainn
low=2 high=31
while [ "$low" -lt "$high" ]; do
    q=$(((low + high) / 2))
    "${ffmpeg[@]}" -i "$photo" -pix_fmt yuvj420p -c:v mjpeg -huffman optimal -q:v $q -frames:v 1 -update 1 photo.jpg 2>/dev/null
    if [ "$(size photo.jpg)" -gt "$budget" ]; then low=$((q + 1)); else high=$q; fi
done
"${ffmpeg[@]}" -i "$photo" -pix_fmt yuvj420p -c:v mjpeg -huffman optimal -q:v "$low" -frames:v 1 -update 1 photo.jpg 2>/dev/null
row "JPEG (FFmpeg's)" photo.jpg
side=(-i "$photo" -i photo-back.png -i photo.jpg)
if command -v cwebp >/dev/null && command -v dwebp >/dev/null; then
    cwebp -quiet -m 6 -size "$budget" "$photo" -o photo.webp && dwebp -quiet photo.webp -o photo-webp.png
    row WebP photo.webp photo-webp.png
    side+=(-i photo-webp.png)
else
    echo "  (WebP: not installed; apt-get install webp shows it here)"
fi
[ "$photo" != "$ours" ] || echo "  (The models have seen this photo in training. Try one of yours: ./quickstart PHOTO)"
# Side by side: the photo, AINN, JPEG and, if there is one, WebP.
inputs=$((${#side[@]} / 2))
"${ffmpeg[@]}" "${side[@]}" -filter_complex "$(for i in $(seq 0 $((inputs - 1))); do printf '[%s]format=rgb24[v%s];' "$i" "$i"; done
    )$(for i in $(seq 0 $((inputs - 1))); do printf '[v%s]' "$i"; done)hstack=inputs=$inputs" -frames:v 1 -update 1 side-by-side.png

clip=(-f lavfi -i testsrc2=s=384x256:r=10:d=1 -loop 1 -framerate 10 -t 1 -i "$photo"
      -filter_complex '[0]format=rgb24,setsar=1[a];[1]scale=576:384:force_original_aspect_ratio=increase,crop=384:256:16*t*10:8*t*10,format=rgb24,setsar=1[b];[a][b]concat=n=2,format=rgb24')
printf '\nA clip:\n'
show "${ffmpeg[@]}" "${clip[@]}" -c:v ainn -quality 50 clip.ainn
show "${ffmpeg[@]}" -i clip.ainn -c copy clip.mkv
show "$bin/ffprobe" -v error -show_entries format=format_name,duration,size:stream=codec_name,profile,codec_tag_string,r_frame_rate -of default=nw=1 clip.mkv
frames() { "${ffmpeg[@]}" -i "$1" -f framemd5 - | awk '!/^#/ { print $NF }' | md5sum | cut -c1-16; }
printf '\nDecoded frames of the sequence %s, of Matroska %s\n' "$(frames clip.ainn)" "$(frames clip.mkv)"
show "${ffmpeg[@]}" -ss 1.5 -i clip.ainn -frames:v 1 -update 1 clip-1.5s.png
printf '\nTo look at: %s (the photo, AINN and the others at the same size), photo-back.png and clip-1.5s.png beside it\n' "$PWD/side-by-side.png"

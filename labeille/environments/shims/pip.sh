#!/bin/sh
# pip, as an install command sees it: uv serves what it knows, the environment's own pip the rest.
# It lies in <environment>/labeille/shims, with a link to uv beside it.
here=${0%/*}
python=$here/../../bin/python
uv=$here/uv

own_pip() {
    exec "$python" -m pip "$@"
}

[ $# -gt 0 ] || own_pip
command=$1
shift

case $command in
install | uninstall) ;;
list | freeze | check)
    [ $# -eq 0 ] || own_pip "$command" "$@"
    exec "$uv" pip "$command" --python "$python"
    ;;
*) own_pip "$command" "$@" ;;
esac

# Whether uv means the same by every option. What uv does not have is left out below where it has no
# effect on what gets installed; everything else is real pip's to do.
for word in "$@"; do
    case $word in
    --) break ;;
    -e* | -r* | -c* | -i* | -f* | -C* | -U* | -q* | -v* | -y) ;;
    --editable* | --requirement* | --constraint* | --index-url* | --extra-index-url* | --find-links*) ;;
    --config-setting* | --upgrade | --quiet | --verbose | --yes | --pre | --no-deps | --no-index) ;;
    --no-build-isolation | --no-binary* | --only-binary* | --force-reinstall | --no-cache-dir) ;;
    --require-hashes | --no-compile | --dry-run | --break-system-packages | --trusted-host* | --group*) ;;
    --no-input | --use-pep517 | --prefer-binary | --no-warn-script-location | --no-color) ;;
    --disable-pip-version-check | --progress-bar* | --root-user-action* | --upgrade-strategy*) ;;
    --timeout* | --retries*) ;;
    -*) own_pip "$command" "$@" ;;
    esac
done

# Rotate the words through $@ once, leaving out what uv neither knows nor needs.
left=$#
while [ "$left" -gt 0 ]; do
    word=$1
    shift
    left=$((left - 1))
    case $word in
    -y | --yes | --no-input | --use-pep517 | --prefer-binary | --no-warn-script-location) ;;
    --disable-pip-version-check | --progress-bar=* | --root-user-action=* | --upgrade-strategy=*) ;;
    --timeout=* | --retries=*) ;;
    --progress-bar | --root-user-action | --upgrade-strategy | --timeout | --retries)
        if [ "$left" -gt 0 ]; then
            shift
            left=$((left - 1))
        fi
        ;;
    *) set -- "$@" "$word" ;;
    esac
done

exec "$uv" pip "$command" --python "$python" "$@"

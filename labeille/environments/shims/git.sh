#!/bin/sh
# git, as an install command for a released source sees it: there is no repository to bring up to
# date, and none is needed, since an sdist carries its version and its submodules' files.
here=${0%/*}

case ${1-} in
fetch | pull | submodule)
    echo "labeille: 'git $1' left out: this is a released source, not a clone" >&2
    exit 0
    ;;
esac

case $PATH in
"$here":*) PATH=${PATH#*:} ;;
*)
    echo "labeille: no git behind $0 on PATH" >&2
    exit 127
    ;;
esac
exec git "$@"

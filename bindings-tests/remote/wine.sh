# wine with a prefix of its own in the folder `out`: sourced by the run scripts.
#
#   stop_wine, restart_wine    the server that a program starts would write its farewell between that program's lines
#   map_com COM7 PTY           the port of this name is this pseudo-terminal

# tools/cross/wine32 has put its own into the path.
[ -n "${WINE32:-}" ] || tools/cross/need wine wine64
# Without a display, and without the offers to download what .NET and HTML need.
export WINEPREFIX=$PWD/$out/wine WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
unset DISPLAY PYENV_ROOT

stop_wine() {
    wineserver -k >/dev/null 2>&1 || true
    wineserver -w >/dev/null 2>&1 || true
}

restart_wine() {
    stop_wine
    wineserver -p </dev/null >/dev/null 2>&1
    # The services of Windows, which the first program starts, would keep its output open.
    timeout 60 wine cmd /c exit </dev/null >/dev/null 2>&1 || true
}

map_com() {
    # wine reads the mapping when its server starts.
    wine reg add 'HKLM\Software\Wine\Ports' /v "$1" /d "$2" /f >/dev/null 2>&1
    restart_wine
}

if [ ! -e "$WINEPREFIX/system.reg" ]; then
    echo "set-up: wine"
    wine wineboot --init >/dev/null 2>&1
fi

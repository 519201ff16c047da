# Starts virtual modems for programs that cannot have one inside: sourced by the run scripts.
#
#   start_virtual_modem NAME FLAG...   sets `port` to where it is; all of them end with the script
#   ... | restart_virtual_modem NAME FLAG...  ends it then, and starts one like this
#   ... | end_virtual_modem            ends the one that was started last when the program says "ready"

virtual_modems=()
trap 'for id in "${virtual_modems[@]}"; do kill "$id" 2>/dev/null || true; done' EXIT

start_virtual_modem() {
    local log=$out/virtual-modem-$1.log name=$1
    shift
    # It has to exist before it is looked into.
    : >"$log"
    target/debug/m531x virtual-modem "$@" >"$log" 2>&1 &
    virtual_modems+=($!)
    for _ in $(seq 100); do
        port=$(sed -n 's/^port: //p' "$log")
        [ -z "$port" ] || return 0
        sleep 0.1
    done
    echo "the virtual modem $name did not start:" >&2
    cat "$log" >&2
    return 1
}

restart_virtual_modem() {
    local line
    while read -r line; do
        case ${line%$'\r'} in
        ready)
            kill "${virtual_modems[-1]}"
            while kill -0 "${virtual_modems[-1]}" 2>/dev/null; do sleep 0.1; done
            start_virtual_modem "$@"
            ;;
        *) echo "$line" ;;
        esac
    done
    # Only this part of the pipe knows of it.
    kill "${virtual_modems[-1]}"
}

end_virtual_modem() {
    local line
    while read -r line; do
        case ${line%$'\r'} in
        ready) kill "${virtual_modems[-1]}" ;;
        *) echo "$line" ;;
        esac
    done
}

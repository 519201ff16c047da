-- Publishes to itself and waits for the message, with LuaJIT's FFI: luajit publish.lua [PORT BROKER]
local ffi = require("ffi")

ffi.cdef([[
int32_t m531x_open(const char *port, uint32_t baudrate, const char *model, int32_t timeout_ms, uint32_t *modem);
int32_t m531x_close(uint32_t modem);
int32_t m531x_connect(uint32_t modem, const char *host, uint16_t port, const char *client_id, int32_t timeout_ms);
int32_t m531x_subscribe(uint32_t modem, const char *topic, uint32_t qos, int32_t timeout_ms, uint32_t *granted_qos);
int32_t m531x_publish(uint32_t modem, const char *topic, const uint8_t *payload, uint32_t length, uint32_t qos,
                      uint32_t retain, int32_t timeout_ms);
int32_t m531x_wait_message(uint32_t modem, int32_t timeout_ms, char *topic, uint32_t topic_capacity,
                           uint32_t *topic_needed, uint8_t *payload, uint32_t payload_capacity,
                           uint32_t *payload_length, uint32_t *flags);
int32_t m531x_last_error_text(uint32_t modem, char *text, uint32_t capacity, uint32_t *needed);
const char *m531x_error_name(int32_t status);
]])
local library = ffi.load("m531x")

local function must(modem, status)
    if status < 0 then
        local text = ffi.new("char[512]")
        library.m531x_last_error_text(modem, text, 512, nil)
        error(ffi.string(library.m531x_error_name(status)) .. ": " .. ffi.string(text))
    end
end

local port, broker = arg[1] or "virtual://", arg[2] or "broker.example"
local reading = "21.5 °C"
local place = ffi.new("uint32_t[1]")
must(0, library.m531x_open(port, 0, nil, -1, place))
local modem = place[0]
must(modem, library.m531x_connect(modem, broker, 1883, "meter-17", -1))
must(modem, library.m531x_subscribe(modem, "meters/+", 1, -1, nil))
must(modem, library.m531x_publish(modem, "meters/17", ffi.cast("const uint8_t *", reading), #reading, 1, 0, -1))

local topic, payload, length = ffi.new("char[512]"), ffi.new("uint8_t[2048]"), ffi.new("uint32_t[1]")
must(modem, library.m531x_wait_message(modem, 10000, topic, 512, nil, payload, 2048, length, nil))
print(ffi.string(topic), ffi.string(payload, length[0]))
must(modem, library.m531x_close(modem))

#include "catalog_log.hpp"

#include <windows.h>
#include <winsock2.h>
// Below windows.h
#include <winevt.h>

#include <utility>

#include "system_function.hpp"
#include "text.hpp"

namespace lsp::system {
namespace {

constexpr DWORD longest_record = 256 * 1024;  // bytes
constexpr DWORD records_at_once = 64;
// winerror.h's, which not every header has.
constexpr DWORD error_channel_not_found = 15007;  // ERROR_EVT_CHANNEL_NOT_FOUND

constinit SystemFunction<EVT_HANDLE WINAPI(EVT_HANDLE, LPCWSTR, LPCWSTR, DWORD)> evt_query{SystemLibrary::wevtapi,
                                                                                           "EvtQuery"};
constinit SystemFunction<BOOL WINAPI(EVT_HANDLE, DWORD, EVT_HANDLE*, DWORD, DWORD, DWORD*)> evt_next{
    SystemLibrary::wevtapi, "EvtNext"};
constinit SystemFunction<BOOL WINAPI(EVT_HANDLE, EVT_HANDLE, DWORD, DWORD, void*, DWORD*, DWORD*)> evt_render{
    SystemLibrary::wevtapi, "EvtRender"};
constinit SystemFunction<BOOL WINAPI(EVT_HANDLE)> evt_close{SystemLibrary::wevtapi, "EvtClose"};
constinit SystemFunction<EVT_HANDLE WINAPI(EVT_HANDLE, LPCWSTR, DWORD)> evt_open_channel_config{SystemLibrary::wevtapi,
                                                                                                "EvtOpenChannelConfig"};
constinit SystemFunction<BOOL WINAPI(EVT_HANDLE, EVT_CHANNEL_CONFIG_PROPERTY_ID, DWORD, DWORD, EVT_VARIANT*, DWORD*)>
    evt_get_channel_config_property{SystemLibrary::wevtapi, "EvtGetChannelConfigProperty"};

class EventHandle {
  public:
    explicit EventHandle(EVT_HANDLE handle) : handle_(handle) {}
    EventHandle(EventHandle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    EventHandle& operator=(EventHandle&&) = delete;
    ~EventHandle() {
        if (handle_ != nullptr) evt_close.get()(handle_);
    }
    explicit operator bool() const { return handle_ != nullptr; }
    EVT_HANDLE get() const { return handle_; }

  private:
    EVT_HANDLE handle_;
};

bool has_event_log() {
    return evt_query.get() != nullptr && evt_next.get() != nullptr && evt_render.get() != nullptr &&
           evt_close.get() != nullptr;
}

std::optional<bool> is_channel_enabled() {
    const auto open = evt_open_channel_config.get();
    const auto ask = evt_get_channel_config_property.get();
    if (open == nullptr || ask == nullptr) return std::nullopt;
    const EventHandle config(open(nullptr, catalog_log_channel, 0));
    EVT_VARIANT value{};
    DWORD used = 0;
    if (!config || !ask(config.get(), EvtChannelConfigEnabled, 0, sizeof(value), &value, &used)) return std::nullopt;
    if (value.Type != EvtVarTypeBoolean) return std::nullopt;
    return value.BooleanVal != FALSE;
}

// Empty if the record cannot be rendered, or is longer than any should be.
std::string render(EVT_HANDLE event) {
    std::wstring text(longest_record / sizeof(wchar_t), L'\0');
    DWORD used = 0, properties = 0;
    if (!evt_render.get()(nullptr, event, EvtRenderEventXml, longest_record, text.data(), &used, &properties))
        return {};
    text.resize(used / sizeof(wchar_t) < text.size() ? used / sizeof(wchar_t) : text.size());
    while (!text.empty() && text.back() == L'\0') text.pop_back();
    return narrow(text);
}

}  // namespace

Result<CatalogLog> read_catalog_log(std::uint32_t most) {
    CatalogLog log;
    if (!has_event_log()) return log;
    SetLastError(ERROR_SUCCESS);
    const EventHandle query(
        evt_query.get()(nullptr, catalog_log_channel, nullptr, EvtQueryChannelPath | EvtQueryReverseDirection));
    if (!query) {
        const DWORD error = GetLastError();
        // Wine's wevtapi knows no channels, and gives no error.
        if (error == ERROR_SUCCESS || error == error_channel_not_found || error == ERROR_CALL_NOT_IMPLEMENTED ||
            error == ERROR_FILE_NOT_FOUND) {
            return log;
        }
        return system_error(error, evt_query.name(), concat({"Cannot read the event log ", catalog_log_channel}),
                            error == ERROR_ACCESS_DENIED ? "Run it from an elevated prompt." : "");
    }
    log.exists = true;
    log.enabled = is_channel_enabled();
    while (log.records.size() < most) {
        EVT_HANDLE handles[records_at_once] = {};
        DWORD count = 0;
        if (!evt_next.get()(query.get(), records_at_once, handles, INFINITE, 0, &count) || count == 0) break;
        for (DWORD i = 0; i < count && i < records_at_once; ++i) {
            const EventHandle event(handles[i]);
            std::string record = log.records.size() < most ? render(event.get()) : std::string();
            if (!record.empty()) log.records.push_back(std::move(record));
        }
    }
    return log;
}

}  // namespace lsp::system

// What OpenVPN's Windows sources include of the TAP adapter's driver ("tap-windows.h"): the dozen names that they use. Written for
// this build alone (scripts/openvpn_exe.mjs) from what OpenVPN does with them; the driver's own header is in no Debian package. The
// openvpn.exe that is built with it never opens a TAP adapter: Wine has none, and the tests use `dev null`.
#pragma once

#include <winioctl.h>

// Windows' own: the class of network adapters, and their connections.
#define ADAPTER_KEY "SYSTEM\\CurrentControlSet\\Control\\Class\\{4D36E972-E325-11CE-BFC1-08002BE10318}"
#define NETWORK_CONNECTIONS_KEY "SYSTEM\\CurrentControlSet\\Control\\Network\\{4D36E972-E325-11CE-BFC1-08002BE10318}"

// An adapter's device is `\\.\Global\{GUID}.tap`.
#define USERMODEDEVICEDIR "\\\\.\\Global\\"
#define TAP_WIN_SUFFIX ".tap"

#define TAP_WIN_CONTROL_CODE(request) CTL_CODE(FILE_DEVICE_UNKNOWN, request, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define TAP_WIN_IOCTL_GET_MAC TAP_WIN_CONTROL_CODE(1)
#define TAP_WIN_IOCTL_GET_VERSION TAP_WIN_CONTROL_CODE(2)
#define TAP_WIN_IOCTL_GET_MTU TAP_WIN_CONTROL_CODE(3)
#define TAP_WIN_IOCTL_GET_INFO TAP_WIN_CONTROL_CODE(4)
#define TAP_WIN_IOCTL_CONFIG_POINT_TO_POINT TAP_WIN_CONTROL_CODE(5)
#define TAP_WIN_IOCTL_SET_MEDIA_STATUS TAP_WIN_CONTROL_CODE(6)
#define TAP_WIN_IOCTL_CONFIG_DHCP_MASQ TAP_WIN_CONTROL_CODE(7)
#define TAP_WIN_IOCTL_GET_LOG_LINE TAP_WIN_CONTROL_CODE(8)
#define TAP_WIN_IOCTL_CONFIG_DHCP_SET_OPT TAP_WIN_CONTROL_CODE(9)
#define TAP_WIN_IOCTL_CONFIG_TUN TAP_WIN_CONTROL_CODE(10)

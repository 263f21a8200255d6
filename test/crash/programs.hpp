// Fresh programs, each a process of its own.
#pragma once

#include <string>
#include <vector>

// Runs it to its end, for at most a minute; its exit code, 0xffffffff if it could not be started or did not end.
// `environment` are NAME=value, for it alone.
unsigned long run_program(const std::wstring& command_line, const std::vector<std::wstring>& environment = {});

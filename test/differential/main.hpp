#pragma once

namespace differential {

// The other end of process_verbs.cpp: FILE PORT FAMILY TYPE STEPS.
int run_child(char** arguments);

}  // namespace differential

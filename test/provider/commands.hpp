// What provider_tests.exe does beside running tests, for the TypeScript that drives it.
#pragma once

namespace test {

//   install DLL        puts the DLL into the catalog with the product's own installer
//   install-tcp DLL    puts it above TCP over IPv4 only, as somebody else's installer might
//   remove             takes it out again with the product's own remover; prints the error's code
//   publish [delegated]   publishes a tunnel, as an administrator or as one of a group that may, prints "published",
//   and keeps it until it is killed rules LINE...      writes the administrator's rules watch THREADS      has so many
//   threads connect to the target again and again, and prints "THREAD SOURCE" whenever one
//                      of them is seen with another source than before, until it is killed
//   child NAME         see children.hpp
// False if the words are none of these; else `exit_code` is the program's.
bool run_command(int argc, char** argv, int& exit_code);

}  // namespace test

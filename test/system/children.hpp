// Other processes: this program, started again with a command.
//   child-wait             until it is killed
//   child-squat HOW        makes the named objects that our locks once were (children.cpp), until it is killed
//   child-hold LOCK        has that lock (setup/file_lock.hpp) until it is killed
//   child-publish NAME     writes a tunnel
//   child-install DLL      installs the provider once; exit code 0 if that went well
//   child-install-forever DLL   installs and removes it until it is killed
#pragma once

#include <string>

#include "system/handle.hpp"

bool is_child_command(const std::string& argument);
int run_child(int count, char** arguments);

class Child {
  public:
    explicit Child(const std::wstring& command);
    ~Child();  // kills it
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    HANDLE handle() const { return process_.get(); }
    unsigned long id() const { return id_; }
    unsigned long long started() const;
    void kill();
    unsigned long wait();  // its exit code

  private:
    lsp::system::Handle process_;
    unsigned long id_ = 0;
};

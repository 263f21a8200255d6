// The backups that each change of the catalog writes, of which thousands would come together.
#pragma once

#include <string>

// Has them written below this folder.
void redirect_backups(const std::wstring& folder);
void delete_backups();

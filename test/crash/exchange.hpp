// What a fresh program does: TCP and UDP over loopback, through whatever provider the catalog names.
#pragma once

// 0 if all of it worked, else the number of the step that did not.
int exchange();

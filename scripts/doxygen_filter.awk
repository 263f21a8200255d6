# Doxygen reads C++ headers through this: comments here are plain text, and it wants them marked. A block before a declaration
# becomes its documentation, one behind a declaration on its line too, and the first block of a file the file's.
function plain(text) {
    gsub(/\\/, "\\\\\\\\", text)
    gsub(/[<>@#%&$]/, "\\\\&", text)
    return text
}
BEGIN { head = 1 }
head && /^\/\/( |$)/ { if (!begun) { print "/// @file"; print "///"; begun = 1 } print "///" plain(substr($0, 3)); next }
{ head = 0 }
match($0, /^[ \t]*\/\/( |$)/) { at = index($0, "//"); print substr($0, 1, at - 1) "///" plain(substr($0, at + 2)); next }
match($0, /[;,{] +\/\/ /) { at = RSTART + RLENGTH; print substr($0, 1, at - 4) "///< " plain(substr($0, at)); next }
{ print }

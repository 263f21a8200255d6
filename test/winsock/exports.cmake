# Generates, from exports.txt, ws2_32.def and thunks.cpp.
# Own functions carry the assembler name own_NAME and thunks thunk_NAME, so that neither stdcall decoration nor the
# declarations of winsock2.h get in the way.
file(STRINGS "${INPUT}" lines REGEX "^[0-9-]")
set(def "LIBRARY ws2_32.dll\nEXPORTS\n")
set(names "")
set(code "")
set(index 0)
if(POINTER_SIZE EQUAL 8)
  set(underscore "")
else()
  set(underscore "_")
endif()
foreach(line IN LISTS lines)
  separate_arguments(fields UNIX_COMMAND "${line}")
  list(GET fields 0 ordinal)
  list(GET fields 1 name)
  list(GET fields 2 kind)
  if((kind MATCHES "^(own64|=)" AND NOT POINTER_SIZE EQUAL 8) OR (kind STREQUAL "own32" AND POINTER_SIZE EQUAL 8))
    continue()
  endif()
  set(suffix "")
  if(NOT ordinal STREQUAL "-")
    set(suffix " @${ordinal}")
  endif()
  if(kind MATCHES "^own")
    string(APPEND def "  ${name} = own_${name}${suffix}\n")
    continue()
  endif()
  string(REGEX REPLACE "^=" "" target "${kind}")
  if(kind STREQUAL "thunk")
    set(target "${name}")
  endif()
  string(APPEND def "  ${name} = thunk_${name}${suffix}\n")
  string(APPEND names "    \"${target}\",\n")
  math(EXPR offset "${index} * ${POINTER_SIZE}")
  if(POINTER_SIZE EQUAL 8)
    set(jump "jmp *thunk_slots+${offset}(%rip)")
  else()
    set(jump "jmp *_thunk_slots+${offset}")
  endif()
  set(symbol "${underscore}thunk_${name}")
  string(APPEND code "asm(\".globl ${symbol}\\n${symbol}:\\n  ${jump}\");\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE "${OUTPUT}/ws2_32.def" "${def}")
file(WRITE "${OUTPUT}/thunks.cpp" "// Generated from exports.txt.
#include \"thunks.h\"

extern \"C\" {
void *thunk_slots[${index}];
const char *const thunk_names[${index}] = {
${names}};
const unsigned thunk_count = ${index};
}

asm(\".text\");
${code}")

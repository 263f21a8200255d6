# What every file of ours that Windows loads has in common: a version resource, a manifest, what Windows lets a file ask for
# against attacks, and the same bytes from the same source wherever it is built.
enable_language(RC)

if(WINSOCK_LSP_TESTS)
    # What is built with the tests is not published.
elseif(NOT MSVC)
    # No path of this machine in a file; no time in it either.
    add_compile_options("$<$<COMPILE_LANGUAGE:C,CXX>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.>"
        "$<$<COMPILE_LANGUAGE:C,CXX>:-ffile-prefix-map=${PROJECT_BINARY_DIR}=build>")
    add_link_options(-Wl,--no-insert-timestamp)
else()
    # The same: the linker writes a hash of the file where the time would be.
    add_compile_options(/Brepro)
    add_link_options(/Brepro /INCREMENTAL:NO)
endif()

# `cmake --install … --component package` puts the files where the package has them.
if(CMAKE_SIZEOF_VOID_P EQUAL 8)
    set(WINSOCK_LSP_PREBUILDS prebuilds/win32-x64)
else()
    set(WINSOCK_LSP_PREBUILDS prebuilds/win32-ia32)
endif()

# describe_windows_file(target file what): the resources of `file`, and the linker's switches. `what` is what the file's
# properties show. MinGW-w64 has no Control Flow Guard, so only MSVC's files have it.
function(describe_windows_file target file what)
    set(WINSOCK_LSP_FILE "${file}")
    set(WINSOCK_LSP_WHAT "${what}")
    if(CMAKE_SIZEOF_VOID_P EQUAL 8)
        set(WINSOCK_LSP_ARCHITECTURE amd64)
    else()
        set(WINSOCK_LSP_ARCHITECTURE x86)
    endif()
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "EXECUTABLE")
        set(WINSOCK_LSP_FILE_TYPE VFT_APP)
        set(WINSOCK_LSP_MANIFEST_ID 1)
    else()
        set(WINSOCK_LSP_FILE_TYPE VFT_DLL)
        # Not 2: with that Windows makes an activation context whenever the DLL is loaded, and there is nothing to gain from one.
        # 3 (ISOLATIONAWARE_NOSTATICIMPORT_MANIFEST_RESOURCE_ID) is there for whoever asks for it.
        set(WINSOCK_LSP_MANIFEST_ID 3)
    endif()
    set(resources "${CMAKE_CURRENT_BINARY_DIR}/${target}")
    configure_file("${PROJECT_SOURCE_DIR}/cmake/windows_file.manifest.in" "${resources}.manifest" @ONLY NEWLINE_STYLE LF)
    configure_file("${PROJECT_SOURCE_DIR}/cmake/windows_file.rc.in" "${resources}.rc" @ONLY NEWLINE_STYLE LF)
    target_sources(${target} PRIVATE "${resources}.rc")
    set_source_files_properties("${resources}.rc" PROPERTIES OBJECT_DEPENDS "${resources}.manifest" SKIP_UNITY_BUILD_INCLUSION ON)
    if(NOT type STREQUAL "EXECUTABLE")
        install(FILES "$<TARGET_FILE:${target}>" DESTINATION "${WINSOCK_LSP_PREBUILDS}" RENAME "${file}" COMPONENT package)
    endif()
    if(MSVC)
        target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:C,CXX>:/guard:cf>)
        # The manifest is the resource.
        target_link_options(${target} PRIVATE /MANIFEST:NO /GUARD:CF /DYNAMICBASE /NXCOMPAT)
        if(CMAKE_SIZEOF_VOID_P EQUAL 8)
            target_link_options(${target} PRIVATE /HIGHENTROPYVA)
        endif()
    else()
        target_link_options(${target} PRIVATE -Wl,--nxcompat,--dynamicbase)
        if(CMAKE_SIZEOF_VOID_P EQUAL 8)
            target_link_options(${target} PRIVATE -Wl,--high-entropy-va)
        endif()
    endif()
endfunction()

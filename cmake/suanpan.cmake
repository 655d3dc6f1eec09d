# suanpan_library(NAME HEADERS ... SOURCES ... LINKS ...): one box of docs/architecture.md.
#
# Names its files one by one, makes suanpan::NAME, and puts the headers in a FILE_SET so that
# `all_verify_interface_header_sets` compiles each header alone. Files are relative to the caller's
# folder; includes start at the root. suanpan_executable and suanpan_test take the same words.

function(suanpan_library name)
  cmake_parse_arguments(ARG "" "" "HEADERS;SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  if(ARG_SOURCES)
    add_library(suanpan_${name} STATIC ${ARG_SOURCES})
    set(scope PUBLIC)
    target_link_libraries(suanpan_${name} PRIVATE suanpan_warnings ${ARG_PRIVATE_LINKS})
  else()
    add_library(suanpan_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_sources(suanpan_${name} ${scope} FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}
                 FILES ${ARG_HEADERS})
  target_include_directories(suanpan_${name} ${scope} $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_link_libraries(suanpan_${name} ${scope} suanpan_build ${ARG_LINKS})
  add_library(suanpan::${name} ALIAS suanpan_${name})
endfunction()

function(suanpan_executable name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE suanpan_build suanpan_warnings ${ARG_LINKS})
endfunction()

# A GoogleTest program whose every TEST becomes a ctest test of the same name. LABELS threads: it runs
# several threads, so CI runs it under ThreadSanitizer too.
function(suanpan_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;LABELS;ENVIRONMENT" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)  # an empty word would vanish below, and take TIMEOUT with it as a label
  endif()
  suanpan_executable(${name} SOURCES ${ARG_SOURCES} LINKS ${ARG_LINKS} GTest::gmock_main)
  if(ARG_ENVIRONMENT)
    set(environment ENVIRONMENT "${ARG_ENVIRONMENT}")
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 600
                       ${environment})
  if(threads IN_LIST ARG_LABELS)
    set_property(GLOBAL APPEND PROPERTY SUANPAN_THREAD_TESTS ${name})
  endif()
endfunction()

# A Google Benchmark program; CI runs it for a second, so that it cannot rot.
function(suanpan_bench name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  suanpan_executable(${name} SOURCES ${ARG_SOURCES} LINKS ${ARG_LINKS} benchmark::benchmark_main)
  set_property(GLOBAL APPEND PROPERTY SUANPAN_BENCHES ${name})
endfunction()

# A fuzz target: SOURCES define LLVMFuzzerTestOneInput, tests/fuzz/corpus/NAME/ holds its first inputs.
#
# The fuzz preset links it with libFuzzer as fuzz_NAME. Every other preset links the same sources with
# tests/fuzz/replay_main.cc and adds the ctest test fuzz_NAME, which replays the corpus.
function(suanpan_fuzz name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  set(target fuzz_${name})
  if(SUANPAN_FUZZ)
    suanpan_executable(${target} SOURCES ${ARG_SOURCES} LINKS ${ARG_LINKS})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  else()
    suanpan_executable(${target}
      SOURCES ${ARG_SOURCES} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cc LINKS ${ARG_LINKS})
    add_test(NAME ${target} COMMAND ${target} ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
    set_tests_properties(${target} PROPERTIES TIMEOUT 300 LABELS fuzz)
  endif()
  set_property(GLOBAL APPEND PROPERTY SUANPAN_FUZZERS ${target})
endfunction()

# Call once, last: for each kind of program a target that builds them all (benches, thread_tests,
# fuzzers) and a file of the same name + ".txt" in the build folder, one path a line, for .ci/run.
function(suanpan_write_program_lists)
  foreach(list benches thread_tests fuzzers)
    string(TOUPPER SUANPAN_${list} property)
    get_property(targets GLOBAL PROPERTY ${property})
    add_custom_target(${list})
    set(lines "")
    foreach(target IN LISTS targets)
      add_dependencies(${list} ${target})
      string(APPEND lines "$<TARGET_FILE:${target}>\n")
    endforeach()
    file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/${list}.txt CONTENT "${lines}")
  endforeach()
endfunction()

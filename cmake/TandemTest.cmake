# SPDX-License-Identifier: MPL-2.0
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)

# tandem_test(name SOURCES a.c ... LIBS tandem_proto ... [TIMEOUT seconds] [ARGS ...])
# One cmocka program, run by ctest under its own name.
function(tandem_test name)
  cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;LIBS;ARGS" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE tandem_flags ${T_LIBS} PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND ${name} ${T_ARGS})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${T_TIMEOUT}
    ENVIRONMENT "TANDEM_SOURCE=${CMAKE_SOURCE_DIR};TANDEM_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
endfunction()

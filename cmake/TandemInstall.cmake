# SPDX-License-Identifier: MPL-2.0
# What `cmake --install` puts where. Component "runtime": daemons, command, its manual and completion, the shared
# library. Component "dev": what it takes to build other programs over the library.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS tandem-hub tandem-node tandem RUNTIME COMPONENT runtime)
install(DIRECTORY ${CMAKE_BINARY_DIR}/share/man/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT runtime)
install(DIRECTORY ${CMAKE_BINARY_DIR}/share/bash-completion ${CMAKE_BINARY_DIR}/share/zsh ${CMAKE_BINARY_DIR}/share/fish
  DESTINATION ${CMAKE_INSTALL_DATADIR} COMPONENT runtime)

install(TARGETS tandem_shared EXPORT tandemTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT dev
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${TANDEM_PUBLIC_HEADERS} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tandem COMPONENT dev)
install(FILES ${TANDEM_STATIC} DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
install(FILES ${PROJECT_SOURCE_DIR}/lib/tandem.3 DESTINATION ${CMAKE_INSTALL_MANDIR}/man3 COMPONENT dev)

set(pc_folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH TANDEM_PC_TO_PREFIX /prefix/${pc_folder} /prefix)
string(REGEX REPLACE "/$" "" TANDEM_PC_TO_PREFIX "${TANDEM_PC_TO_PREFIX}")
# By name, and not as Requires.private: that would ask for what libzmq would need if it were linked statically, too,
# which Debian does not have.
pkg_check_modules(TANDEM_PC REQUIRED ${TANDEM_STATIC_MODULES})
set(TANDEM_PC_LIBS ${TANDEM_PC_LIBRARIES})
list(REMOVE_DUPLICATES TANDEM_PC_LIBS)
list(TRANSFORM TANDEM_PC_LIBS PREPEND -l)
list(JOIN TANDEM_PC_LIBS " " TANDEM_PC_LIBS)
list(JOIN TANDEM_STATIC_MODULES " " TANDEM_STATIC_MODULES)
configure_file(${PROJECT_SOURCE_DIR}/lib/tandem.pc.in ${CMAKE_BINARY_DIR}/lib/tandem.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/lib/tandem.pc DESTINATION ${pc_folder} COMPONENT dev)

# The library's ABI is stable within a SOVERSION; while that is 0, within a minor version.
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/tandem)
configure_package_config_file(${PROJECT_SOURCE_DIR}/lib/tandemConfig.cmake.in ${CMAKE_BINARY_DIR}/lib/tandemConfig.cmake
  INSTALL_DESTINATION ${package_folder} PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/lib/tandemConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(EXPORT tandemTargets NAMESPACE tandem:: DESTINATION ${package_folder} COMPONENT dev)
install(FILES ${CMAKE_BINARY_DIR}/lib/tandemConfig.cmake ${CMAKE_BINARY_DIR}/lib/tandemConfigVersion.cmake
  DESTINATION ${package_folder} COMPONENT dev)

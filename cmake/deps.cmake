# Debian's libraries by pkg-config (libck's package has no .pc file in older releases: header and library are looked for then).
find_package(PkgConfig REQUIRED)

function(lacon_need target module package)
  pkg_check_modules(${target} IMPORTED_TARGET ${module})
  if(NOT ${target}_FOUND)
    message(FATAL_ERROR "lacon needs ${module}: apt-get install ${package} (./demo.sh and ./test.sh install it)")
  endif()
endfunction()

lacon_need(DPDK "libdpdk>=22.11" libdpdk-dev)
lacon_need(URCU "liburcu-qsbr" liburcu-dev)
lacon_need(CK "ck" libck-dev)
lacon_need(YAML "yaml-0.1" libyaml-dev)
lacon_need(HS "libhs" libvectorscan-dev)
lacon_need(JANSSON "jansson" libjansson-dev)
lacon_need(CARES "libcares" libc-ares-dev)
lacon_need(CRITERION "criterion" libcriterion-dev)
find_package(Threads REQUIRED)

# The micro benchmarks' yardstick for parsing; its package has no .pc file.
find_library(HTTP_PARSER http_parser)
if(NOT HTTP_PARSER)
  message(FATAL_ERROR "lacon needs libhttp_parser: apt-get install libhttp-parser-dev (./demo.sh and ./test.sh install it)")
endif()

# libopus, as a static library `opus`, from the source that the npm package @discordjs/opus carries. That package's own
# binding, plain C, is built for the benchmarks alone (bench/peers). The CMakeLists.txt of libopus is of no use: it lists
# no file for SSE or NEON, and what it builds aborts where an assertion fails.
#
# ENABLE_ASSERTIONS and ENABLE_HARDENING stay undefined: with either of them celt_fatal() aborts the process. Without them
# libopus checks its arguments and packets all the same, and answers with an error code.

# CMake by itself takes `cc`, whichever C++ compiler it was told to take: a cross compiler, clang++ with its sanitizers.
if(NOT CMAKE_C_COMPILER AND NOT DEFINED ENV{CC})
  get_filename_component(COMPILER_NAME ${CMAKE_CXX_COMPILER} NAME)
  string(REPLACE "clang++" "clang" COMPILER_NAME ${COMPILER_NAME})
  string(REPLACE "g++" "gcc" COMPILER_NAME ${COMPILER_NAME})
  get_filename_component(COMPILER_DIR ${CMAKE_CXX_COMPILER} DIRECTORY)
  find_program(C_COMPILER_OF_CXX ${COMPILER_NAME} HINTS ${COMPILER_DIR})
  if(C_COMPILER_OF_CXX AND NOT C_COMPILER_OF_CXX STREQUAL CMAKE_CXX_COMPILER)
    set(CMAKE_C_COMPILER ${C_COMPILER_OF_CXX})
  endif()
endif()
enable_language(C)

set(SLUICE_OPUS_SOURCE "${CMAKE_SOURCE_DIR}/node_modules/@discordjs/opus/deps/opus" CACHE PATH "The source of libopus")
if(NOT EXISTS "${SLUICE_OPUS_SOURCE}/opus_sources.mk")
  message(FATAL_ERROR "No libopus in ${SLUICE_OPUS_SOURCE}: run `npm ci`, or name its source with -DSLUICE_OPUS_SOURCE=DIR")
endif()

# The files that one variable of libopus's makefiles lists: opus_list(FILES celt CELT_SOURCES).
function(opus_list OUT PART NAME)
  file(READ "${SLUICE_OPUS_SOURCE}/${PART}_sources.mk" TEXT)
  string(REPLACE "\\\n" " " TEXT "${TEXT}")
  if(NOT TEXT MATCHES "(^|\n)${NAME} *=([^\n]*)")
    message(FATAL_ERROR "${SLUICE_OPUS_SOURCE}/${PART}_sources.mk does not define ${NAME}: libopus 1.3.1 is wanted")
  endif()
  separate_arguments(FILES UNIX_COMMAND "${CMAKE_MATCH_2}")
  list(TRANSFORM FILES PREPEND "${SLUICE_OPUS_SOURCE}/")
  set(${OUT} ${FILES} PARENT_SCOPE)
endfunction()

add_library(opus STATIC)
target_include_directories(opus
  INTERFACE "${SLUICE_OPUS_SOURCE}/include"
  PRIVATE "${SLUICE_OPUS_SOURCE}" "${SLUICE_OPUS_SOURCE}/include" "${SLUICE_OPUS_SOURCE}/celt" "${SLUICE_OPUS_SOURCE}/silk"
    "${SLUICE_OPUS_SOURCE}/silk/float")
target_compile_definitions(opus PRIVATE
  OPUS_BUILD
  OPUS_EXPORT= # hidden, unlike its default: another libopus may live in the same process
  HAVE_LRINT HAVE_LRINTF)
if(MSVC)
  target_compile_definitions(opus PRIVATE USE_ALLOCA)
  target_compile_options(opus PRIVATE /w) # warnings are for our code
else()
  target_compile_definitions(opus PRIVATE VAR_ARRAYS)
  target_compile_options(opus PRIVATE -w)
  find_library(MATH_LIBRARY m)
  if(MATH_LIBRARY)
    target_link_libraries(opus PUBLIC m)
  endif()
endif()
if(SLUICE_SANITIZE)
  # Its integer arithmetic wraps and shifts negative numbers on purpose, which UndefinedBehaviorSanitizer would report.
  target_compile_options(opus PRIVATE -fno-sanitize=undefined)
endif()

foreach(LIST celt/CELT_SOURCES silk/SILK_SOURCES silk/SILK_SOURCES_FLOAT opus/OPUS_SOURCES opus/OPUS_SOURCES_FLOAT)
  get_filename_component(PART ${LIST} DIRECTORY)
  get_filename_component(NAME ${LIST} NAME)
  opus_list(FILES ${PART} ${NAME})
  target_sources(opus PRIVATE ${FILES})
endforeach()

# Inner loops by instruction set, as libopus's own configure script chooses them; elsewhere plain C.
if(PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  # SSE and SSE2 are part of x86-64; whether there is SSE4.1, libopus asks the processor.
  opus_list(SSE celt CELT_SOURCES_SSE)
  opus_list(SSE2 celt CELT_SOURCES_SSE2)
  target_sources(opus PRIVATE ${SSE} ${SSE2})
  target_compile_definitions(opus PRIVATE OPUS_X86_MAY_HAVE_SSE OPUS_X86_PRESUME_SSE OPUS_X86_MAY_HAVE_SSE2
    OPUS_X86_PRESUME_SSE2)
  # Not under sanitizers: in source, these files load 16 bytes where the instruction reads 8 (x86cpu.h).
  if(NOT SLUICE_SANITIZE)
    opus_list(CELT_SSE4_1 celt CELT_SOURCES_SSE4_1)
    opus_list(SILK_SSE4_1 silk SILK_SOURCES_SSE4_1)
    target_sources(opus PRIVATE ${CELT_SSE4_1} ${SILK_SSE4_1})
    target_compile_definitions(opus PRIVATE OPUS_HAVE_RTCD CPU_INFO_BY_C OPUS_X86_MAY_HAVE_SSE4_1)
    if(NOT MSVC)
      # The tables of functions and the question to the processor run everywhere: their files get no flag.
      set(SSE4_1 ${CELT_SSE4_1} ${SILK_SSE4_1})
      list(FILTER SSE4_1 EXCLUDE REGEX "_map\\.c$")
      set_source_files_properties(${SSE4_1} PROPERTIES COMPILE_OPTIONS -msse4.1)
    endif()
    # Half of the time to encode speech goes into silk_NSQ_del_dec, whose SSE4.1 version 1.3.1 has switched off. Its
    # NEON, the same arithmetic for four states at once, is compiled with libopus/arm_neon.h for SSE4.1 instead: at 16 and
    # 24 kHz 20 ms of speech take 0.8 of the time that plain C takes, with the same packets bit for bit
    # (test/native/opus_nsq_test.cpp compares). Flags alone, -O2, -mavx2 or -funroll-loops, change 2 % at most.
    set(SLUICE_OPUS_NSQ_SSE4_1 ON)
    set(PLAIN_NSQ "${SLUICE_OPUS_SOURCE}/silk/NSQ_del_dec.c")
    set(NEON_NSQ "${SLUICE_OPUS_SOURCE}/silk/arm/NSQ_del_dec_neon_intr.c")
    target_sources(opus PRIVATE ${NEON_NSQ} native/libopus/nsq_del_dec.c)
    set_source_files_properties(${PLAIN_NSQ} ${NEON_NSQ} PROPERTIES
      COMPILE_DEFINITIONS silk_NSQ_del_dec_c=silk_NSQ_del_dec_plain)
    set_source_files_properties(${NEON_NSQ} PROPERTIES INCLUDE_DIRECTORIES "${CMAKE_SOURCE_DIR}/native/libopus")
    if(NOT MSVC)
      set_source_files_properties(${NEON_NSQ} PROPERTIES COMPILE_OPTIONS -msse4.1)
    endif()
  endif()
elseif(PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
  opus_list(CELT_NEON celt CELT_SOURCES_ARM_NEON_INTR)
  opus_list(SILK_NEON silk SILK_SOURCES_ARM_NEON_INTR)
  set(NEON ${CELT_NEON} ${SILK_NEON})
  list(FILTER NEON EXCLUDE REGEX "_map\\.c$") # tables for a choice at run time; every 64-bit ARM has NEON
  target_sources(opus PRIVATE ${NEON})
  target_compile_definitions(opus PRIVATE OPUS_ARM_MAY_HAVE_NEON_INTR OPUS_ARM_PRESUME_NEON_INTR
    OPUS_ARM_PRESUME_AARCH64_NEON_INTR)
endif()

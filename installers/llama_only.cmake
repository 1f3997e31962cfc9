# Read by CMake right after llama-cpp-python's own project() line (CMAKE_PROJECT_llama_cpp_INCLUDE).
#
# Pillowbook uses libllama and nothing else. llama-cpp-python 0.3.36 sets LLAMA_BUILD_COMMON in the cache with FORCE, so
# that -D cannot switch it off; a normal variable of the same name goes before the cache entry and can (CMP0077, CMP0126).
# Without it and without LLAVA_BUILD 83 steps are left of 195, and neither OpenSSL nor an HTTP client is compiled in.
set(LLAMA_BUILD_COMMON OFF)

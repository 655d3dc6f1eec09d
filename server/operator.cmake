# The operator's side of the server: counters, configuration, partners, log and the admin pages.
# Included by server/CMakeLists.txt; paths are relative to server/.
suanpan_library(metrics
  HEADERS shard/metrics.h
  SOURCES shard/metrics.cc
  LINKS suanpan::protocol)

suanpan_library(operator
  HEADERS config.h log.h option_table.h ready_file.h net/admin_http.h net/metrics_exposition.h net/partners.h
  SOURCES config.cc log.cc option_table.cc ready_file.cc net/admin_http.cc net/metrics_exposition.cc net/partners.cc
  LINKS suanpan::metrics suanpan::protocol
  PRIVATE_LINKS $<TARGET_NAME_IF_EXISTS:suanpan_asio> Boost::headers spdlog::spdlog fmt::fmt
                CLI11::CLI11 tomlplusplus::tomlplusplus prometheus-cpp::core Threads::Threads)
target_compile_definitions(suanpan_operator PRIVATE SUANPAN_VERSION="${PROJECT_VERSION}")

// Boost.Asio, compiled once: everything that links suanpan_asio sees declarations only
// (BOOST_ASIO_SEPARATE_COMPILATION), which spares each of its files seconds of compiling.
#include <boost/asio/impl/src.hpp>

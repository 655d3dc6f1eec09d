// TemporaryFolder: a folder of a test's own, gone with all it holds when the test ends.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace suanpan {

// In `parent`, else where the system keeps such things (TMPDIR, /tmp).
class TemporaryFolder {
public:
    explicit TemporaryFolder(
        const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
        std::string name = (parent / "suanpan-test-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
            throw std::runtime_error("no folder can be made in " + parent.string());
        path_ = name;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        if (!kept_) std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    // For somebody who wants to look at it afterwards.
    void keep() { kept_ = true; }

    // Writes a file into the folder, over one of the same name; returns its path.
    [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
        const std::filesystem::path file = path_ / name;
        std::ofstream(file, std::ios::trunc) << text;
        return file.string();
    }

private:
    std::filesystem::path path_;
    bool kept_ = false;
};

}  // namespace suanpan

# Reads what `strace -f -y` saw of a server with one client, one request in flight, and proves: no reply
# leaves between a commit's write into a journal segment and the end of its flush, which is the
# completed fdatasync of that file and, after it, the write of the meta page through the descriptor
# opened with O_DSYNC (storage/lmdb_env.cc); and each reply has a commit of its own before it.
#
# Exit code 1 and a line for each violation; -v wanted=N: as many replies there must be at least.
function path_of(text) { return match(text, /[0-9]+<[^>]*>/) ? substr(text, RSTART, RLENGTH) : "" }
function file_of(fd) { sub(/^[0-9]+</, "", fd); sub(/>$/, "", fd); return fd }
function bad(what) { print "line " NR ": " what; violations++ }
function is_write(call) { return call ~ /^(write|writev|pwrite64|pwritev|sendto|sendmsg)$/ }

function begins(call, fd) {
    if (!is_write(call)) return
    if (fd ~ /<(socket:|TCP:)/) {
        for (file in dirty) if (dirty[file]) bad("a reply, while a commit into " file " is not flushed")
        if (++frames[fd] > 2) {  # the challenge and the greeting promise nothing
            replies++
            if (commits == commits_at_reply) bad("a reply without a commit before it")
        }
        commits_at_reply = commits
    } else if (fd ~ /\/journal-[0-9]+\.lmdb>$/ && !(fd in synchronous)) {
        dirty[file_of(fd)] = 1
        synced[file_of(fd)] = 0
    }
}

function ends(call, fd, line,    file) {
    if (call == "openat") {
        if (!match(line, /= [0-9]+<[^>]*>$/)) return
        fd = substr(line, RSTART + 2, RLENGTH - 2)
        delete synchronous[fd]
        if (line ~ /O_DSYNC/) synchronous[fd] = 1
        return
    }
    if (fd !~ /\/journal-[0-9]+\.lmdb>$/) return
    file = file_of(fd)
    if (call ~ /^(fdatasync|fsync)$/ && line ~ /= 0$/) {
        synced[file] = 1
    } else if (is_write(call) && (fd in synchronous) && dirty[file]) {
        if (!synced[file]) bad("the meta page of " file " before its data was flushed")
        dirty[file] = 0
        commits++
    }
}

{
    pid = $1
    line = $0
    sub(/^[0-9]+ +/, "", line)
    if (line ~ /^<\.\.\. [a-z0-9]+ resumed>/) {
        if (pid in call_of) ends(call_of[pid], fd_of[pid], text_of[pid] line)
        delete call_of[pid]
    } else if (match(line, /^[a-z0-9]+\(/)) {
        call = substr(line, 1, RLENGTH - 1)
        fd = call == "openat" ? "" : path_of(line)
        begins(call, fd)
        if (line ~ /<unfinished \.\.\.>$/) {
            call_of[pid] = call; fd_of[pid] = fd; text_of[pid] = line
        } else {
            ends(call, fd, line)
        }
    }
}

END {
    if (replies < wanted) bad("only " replies + 0 " replies")
    print "flush trace: " replies + 0 " replies, " commits + 0 " commits, " violations + 0 " violations"
    exit violations > 0
}

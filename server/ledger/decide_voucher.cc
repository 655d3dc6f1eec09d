// Commands on one voucher. Whether it lets them, the shard has asked the cards.
#include "protocol/offer.h"
#include "server/ledger/decider.h"

namespace suanpan::ledger {

Decision Decider::put_voucher(const VoucherTask& task) {
    if (program_ == nullptr) return refused(Code::program_not_found);
    if (task.next == nullptr || account().find_voucher(task.voucher) == nullptr)
        return refused(Code::voucher_not_found);
    out_.reference = task.voucher.offer;
    out_.detail = task.next->detail;
    out_.put(HeldVoucher{.number = task.voucher, .last_ordinal = 0, .bytes = task.next->bytes});
    return accepted();
}

Decision Decider::decide(const Show& command) {
    return put_voucher(command.task);
}
Decision Decider::decide(const Verify& command) {
    return put_voucher(command.task);
}
Decision Decider::decide(const UndoVerification& command) {
    return put_voucher(command.task);
}

}  // namespace suanpan::ledger

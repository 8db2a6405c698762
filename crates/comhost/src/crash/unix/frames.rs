//! From the registers of a thread to who called: by the tables that every library has for it, read with nothing but what is safe
//! in a signal. The system's own unwinder takes locks and is not.

use std::ops::Range;

use gimli::{
    BaseAddresses, CfaRule, EhFrame, EhFrameHdr, EndianSlice, NativeEndian, ParsedEhFrameHdr, Pointer, ReaderOffset,
    Register, RegisterRule, UnwindContext, UnwindContextStorage, UnwindSection, UnwindTableRow,
};

use super::objects;

/// Registers that the tables speak of, by the numbers they have there.
const REGISTERS: usize = 33;
/// The most frames that are looked at.
const FRAMES_MAX: usize = 64;

#[cfg(target_arch = "x86_64")]
const STACK: Register = gimli::X86_64::RSP;
#[cfg(target_arch = "aarch64")]
const STACK: Register = gimli::AArch64::SP;

type Bytes = EndianSlice<'static, NativeEndian>;

/// Room for one row of a table, of fixed size.
struct Room;

impl<T: ReaderOffset> UnwindContextStorage<T> for Room {
    type Rules = [(Register, RegisterRule<T>); REGISTERS];
    type Stack = [UnwindTableRow<T, Self>; 4];
}

/// The tables of a library.
#[derive(Clone)]
pub(super) struct Tables {
    header: ParsedEhFrameHdr<Bytes>,
    frames: EhFrame<Bytes>,
    bases: BaseAddresses,
}

impl Tables {
    /// Those whose header is here; `segments` are what the loader has put into memory of the file. None where they cannot be read.
    ///
    /// # Safety
    /// What the segments say can be read, and stays.
    pub(super) unsafe fn read(header: &Range<usize>, segments: &[Range<usize>]) -> Option<Self> {
        let bytes = |range: Range<usize>| {
            // SAFETY: as the caller says.
            let bytes = unsafe {
                std::slice::from_raw_parts(std::ptr::with_exposed_provenance::<u8>(range.start), range.len())
            };
            EndianSlice::new(bytes, NativeEndian)
        };
        let within = |address: usize| segments.iter().find(|segment| segment.contains(&address));
        let segment = within(header.start)?;
        let bases = BaseAddresses::default().set_eh_frame_hdr(header.start as u64);
        let parsed = EhFrameHdr::from(bytes(header.start..header.end.min(segment.end)));
        let parsed = parsed.parse(&bases, size_of::<usize>() as u8).ok()?;
        let Pointer::Direct(start) = parsed.eh_frame_ptr() else { return None };
        let start = usize::try_from(start).ok()?;
        let frames = EhFrame::from(bytes(start..within(start)?.end));
        parsed.table()?;
        Some(Self { header: parsed, frames, bases: bases.set_eh_frame(start as u64) })
    }
}

/// What a thread was doing.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    /// The instruction.
    pub(super) at: usize,
    values: [usize; REGISTERS],
    /// Whether the instruction was reached by a call, so that what is looked up is what stands before it.
    called: bool,
}

impl Frame {
    /// That of a signal.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn of(context: &libc::ucontext_t) -> Self {
        // In the order of their numbers.
        const NUMBERED: [libc::c_int; 17] = [
            libc::REG_RAX,
            libc::REG_RDX,
            libc::REG_RCX,
            libc::REG_RBX,
            libc::REG_RSI,
            libc::REG_RDI,
            libc::REG_RBP,
            libc::REG_RSP,
            libc::REG_R8,
            libc::REG_R9,
            libc::REG_R10,
            libc::REG_R11,
            libc::REG_R12,
            libc::REG_R13,
            libc::REG_R14,
            libc::REG_R15,
            libc::REG_RIP,
        ];
        let mut values = [0; REGISTERS];
        let registers = &context.uc_mcontext.gregs;
        for (value, register) in values.iter_mut().zip(NUMBERED) {
            *value = registers.get(register as usize).copied().unwrap_or_default() as usize;
        }
        let at = registers.get(libc::REG_RIP as usize).copied().unwrap_or_default() as usize;
        Self { at, values, called: false }
    }

    /// That of a signal.
    #[cfg(target_arch = "aarch64")]
    pub(super) fn of(context: &libc::ucontext_t) -> Self {
        let machine = &context.uc_mcontext;
        let mut values = [0; REGISTERS];
        for (value, register) in values.iter_mut().zip(machine.regs) {
            *value = register as usize;
        }
        let mut frame = Self { at: machine.pc as usize, values, called: false };
        frame.set(STACK, machine.sp as usize);
        frame
    }

    fn value(&self, register: Register) -> Option<usize> {
        self.values.get(usize::from(register.0)).copied()
    }

    fn set(&mut self, register: Register, value: usize) {
        if let Some(place) = self.values.get_mut(usize::from(register.0)) {
            *place = value;
        }
    }

    /// The end of its stack.
    pub(super) fn stack(&self) -> usize {
        self.value(STACK).unwrap_or_default()
    }

    /// The nearest place in the module that a call led from to this frame.
    pub(super) fn caller_in_module(mut self) -> Option<usize> {
        for _ in 0..FRAMES_MAX {
            self = self.caller()?;
            if objects::is_of_module(self.at.wrapping_sub(1)) {
                return Some(self.at - 1);
            }
        }
        None
    }

    /// Who called this frame; none where that cannot be told.
    fn caller(&self) -> Option<Self> {
        let looked_up = if self.called { self.at.checked_sub(1)? } else { self.at };
        let Some(tables) = objects::tables_of(looked_up) else {
            // An address that was called and is none: who called it is still told as at a function's beginning.
            return if self.called { None } else { self.caller_of_nothing() };
        };
        let mut room = UnwindContext::<_, Room>::new_in();
        let table = tables.header.table()?;
        let (frames, bases) = (&tables.frames, &tables.bases);
        let described = table.fde_for_address(frames, bases, looked_up as u64, EhFrame::cie_from_offset).ok()?;
        let back = described.cie().return_address_register();
        let row = described.unwind_info_for_address(frames, bases, &mut room, looked_up as u64).ok()?;
        let CfaRule::RegisterAndOffset { register, offset } = row.cfa() else { return None };
        let frame = moved(self.value(*register)?, *offset);
        let mut caller = *self;
        for (register, rule) in row.registers() {
            let value = match rule {
                RegisterRule::SameValue => continue,
                RegisterRule::Offset(offset) => word(moved(frame, *offset))?,
                RegisterRule::ValOffset(offset) => moved(frame, *offset),
                RegisterRule::Register(other) => self.value(*other)?,
                // Where a function has no caller, it says so of the place to return to.
                RegisterRule::Undefined if *register == back => return None,
                RegisterRule::Undefined => continue,
                _ => return None,
            };
            caller.set(*register, value);
        }
        caller.set(STACK, frame);
        caller.at = caller.value(back)?;
        caller.called = true;
        // Stacks end somewhere; one that does not is broken.
        (caller.at != 0 && frame > self.stack() || !self.called && frame >= self.stack()).then_some(caller)
    }

    #[cfg(target_arch = "x86_64")]
    fn caller_of_nothing(&self) -> Option<Self> {
        let mut caller = *self;
        caller.at = word(self.stack())?;
        caller.set(STACK, self.stack() + size_of::<usize>());
        caller.called = true;
        Some(caller)
    }

    #[cfg(target_arch = "aarch64")]
    fn caller_of_nothing(&self) -> Option<Self> {
        let mut caller = *self;
        caller.at = self.value(gimli::AArch64::X30)?;
        caller.called = true;
        Some(caller)
    }
}

const fn moved(address: usize, offset: i64) -> usize {
    address.wrapping_add_signed(offset as isize)
}

/// A word of this process's memory; none where there is none. The system reads it for us, and fails where we would crash.
fn word(address: usize) -> Option<usize> {
    let mut word = 0_usize;
    let length = size_of::<usize>();
    let here = libc::iovec { iov_base: (&raw mut word).cast(), iov_len: length };
    let there = libc::iovec { iov_base: std::ptr::with_exposed_provenance_mut(address), iov_len: length };
    // SAFETY: writes at most the word; what is read is only asked for.
    let read = unsafe { libc::process_vm_readv(libc::getpid(), &here, 1, &there, 1, 0) };
    (read == length as isize).then_some(word)
}

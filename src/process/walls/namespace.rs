//! Namespaces of a command's own: of mounts, and of the network (namespaces(7)).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::StatVfsMountFlags;
use rustix::io::Errno;
use rustix::mount::{MountFlags, MountPropagationFlags, mount_bind_recursive, mount_change, mount_remount};
use rustix::net::{AddressFamily, SendFlags, SocketType};
use rustix::process::{getegid, geteuid};
use rustix::thread::{CapabilitySet, UnshareFlags, remove_capability_from_bounding_set};

use super::plan::Mount;

/// Moves this process into namespaces of its own; fails where the system does not allow that, or where the
/// process has more than one thread. Without `network` there is only the loopback device.
pub fn enter(network: bool) -> io::Result<()> {
    let mut flags = UnshareFlags::NEWNS;
    if !network {
        flags |= UnshareFlags::NEWNET;
    }
    if unshare(flags).is_err() {
        let (user, group) = (geteuid().as_raw(), getegid().as_raw());
        unshare(flags | UnshareFlags::NEWUSER).map_err(io::Error::from)?;
        fs::write("/proc/self/setgroups", "deny")?;
        fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
        fs::write("/proc/self/gid_map", format!("{group} {group} 1"))?;
    }
    // Nothing that is mounted here is seen elsewhere.
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    if network { Ok(()) } else { loopback() }
}

#[expect(
    deprecated,
    reason = "it is unsafe where file descriptors are no longer shared, and these flags leave them shared"
)]
fn unshare(flags: UnshareFlags) -> Result<(), Errno> {
    rustix::thread::unshare(flags)
}

pub fn mount(mounts: &[(PathBuf, Mount)]) -> io::Result<()> {
    for (path, mount) in mounts {
        let made = match mount {
            Mount::Empty => empty(path),
            Mount::Fixed => mount_bind_recursive(path, path),
            Mount::ReadOnly => mount_bind_recursive(path, path).and_then(|()| remount(path, true)),
            Mount::Writable => mount_bind_recursive(path, path).and_then(|()| remount(path, false)),
        };
        match made {
            Err(error) if error != Errno::NOENT => {
                let error = io::Error::from(error);
                return Err(io::Error::new(error.kind(), format!("`{}`: {error}", path.display())));
            }
            _ => {}
        }
    }
    Ok(())
}

fn empty(path: &Path) -> Result<(), Errno> {
    if !path.is_dir() {
        // Read-only, or root could change the permissions of the device itself.
        return mount_bind_recursive("/dev/null", path).and_then(|()| remount(path, true));
    }
    let flags = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    rustix::mount::mount("hotfix", path, "tmpfs", flags, c"mode=555")
}

/// Changes whether it can be written; the other flags may not be taken away.
fn remount(path: &Path, read_only: bool) -> Result<(), Errno> {
    let has = rustix::fs::statvfs(path)?.f_flag;
    let mut flags = MountFlags::BIND;
    for (flag, set) in [
        (StatVfsMountFlags::NOSUID, MountFlags::NOSUID),
        (StatVfsMountFlags::NODEV, MountFlags::NODEV),
        (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
        (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
        (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME),
        (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
    ] {
        if has.contains(flag) {
            flags |= set;
        }
    }
    flags.set(MountFlags::RDONLY, read_only);
    mount_remount(path, flags, "")
}

/// Takes from root what would undo the mounts or see other processes. Others have none of it once the command is started.
pub fn drop_rights() -> io::Result<()> {
    for right in [
        CapabilitySet::SYS_ADMIN,
        CapabilitySet::SYS_MODULE,
        CapabilitySet::SYS_RAWIO,
        CapabilitySet::SYS_PTRACE,
        CapabilitySet::DAC_READ_SEARCH,
        CapabilitySet::MKNOD,
        CapabilitySet::BPF,
        // The environment of every process, whatever Landlock says (since Linux 6.16).
        CapabilitySet::PERFMON,
    ] {
        match remove_capability_from_bounding_set(right) {
            // A person has no right to give up theirs, and a kernel may not know it.
            Ok(()) | Err(Errno::PERM | Errno::INVAL) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Starts the loopback device, which a new namespace has, but not running (rtnetlink(7)).
fn loopback() -> io::Result<()> {
    const RTM_NEWLINK: u16 = 16;
    const NLM_F_REQUEST: u16 = 1;
    const IFF_UP: u32 = 1;
    let mut message = Vec::with_capacity(32);
    message.extend(32_u32.to_ne_bytes());
    message.extend(RTM_NEWLINK.to_ne_bytes());
    message.extend(NLM_F_REQUEST.to_ne_bytes());
    message.extend([0; 8]);
    // Any family, the first device, its flags and which of them change.
    message.extend([0; 4]);
    message.extend(1_i32.to_ne_bytes());
    message.extend(IFF_UP.to_ne_bytes());
    message.extend(IFF_UP.to_ne_bytes());
    let socket = rustix::net::socket(AddressFamily::NETLINK, SocketType::RAW, None)?;
    rustix::net::send(&socket, &message, SendFlags::empty())?;
    Ok(())
}

public import BoxModel
public import SiteModel

extension DatapathChoice {
    /// Who carries the packets on this kernel. Throws where the kernel is wanted and cannot.
    public func backend(kernelHasWireGuard: Bool) throws(DiffError) -> Backend {
        if self == .kernel && !kernelHasWireGuard { throw .noKernelWireGuard }
        return resolved(kernelHasWireGuard: kernelHasWireGuard)
    }

    func resolved(kernelHasWireGuard: Bool) -> Backend {
        switch self {
        case .kernel: .kernel
        case .userspace: .userspace
        case .auto: kernelHasWireGuard ? .kernel : .userspace
        }
    }
}

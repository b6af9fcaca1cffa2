internal import BoxModel

/// A WireGuard interface, whoever carries its packets.
protocol WireGuardDevice {
    /// Everything the interface says of itself.
    func read() throws(BoxError) -> ObservedWireGuard
    /// Sets what `change` names. Endpoints are addresses by now, see `EndpointResolver`.
    func set(_ change: WireGuardChange) throws(BoxError)
}

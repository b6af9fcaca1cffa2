import Testing
@testable import WireGuardProtocol


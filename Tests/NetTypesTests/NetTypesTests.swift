import Testing
@testable import NetTypes


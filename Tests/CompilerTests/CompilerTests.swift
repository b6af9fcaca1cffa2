import Testing
@testable import Compiler


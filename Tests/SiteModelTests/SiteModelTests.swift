import Testing
@testable import SiteModel


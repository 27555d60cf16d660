package dev.keybroker.console;

import org.jspecify.annotations.Nullable;

/// What every page shows.
///
/// @param tenant whose page it is; null if it is nobody's
/// @param visitor the caller as the access file writes it
/// @param grpcurl the equivalent call of the API; empty if there is none
/// @param views whether the visitor may view the tenant's keystores
/// @param edits whether the visitor may change what the page shows
/// @param audits whether the visitor may read the tenant's audit trail
record Page(
    @Nullable String tenant,
    String visitor,
    boolean signedIn,
    String language,
    String grpcurl,
    boolean views,
    boolean edits,
    boolean audits) {}

/**
 * Encrypted recordings: files that carry their wrapped data encryption key (DEK), are written as a
 * stream and are read at any offset. The format is specified in {@code
 * src/docs/recording-container.md}.
 */
package dev.keybroker.client;

/** The command {@code keybroker}: recordings as files and pipes. */
package dev.keybroker.cli;

/** Encrypted recordings of keybroker, on WebCrypto, for browsers and Node 20. */

export type Context = Readonly<Record<string, string>>;

export type Reason = 'FORMAT' | 'VERSION' | 'CONTEXT' | 'KEY' | 'BODY';

/** A file that is not read as a recording. */
export declare class RecordingError extends Error {
  readonly reason: Reason;
  /** The index of the segment that is not authentic, if the reason is `BODY` and it is a segment. */
  readonly segment: number | undefined;
}

export interface HeaderOptions {
  /** `tenants/{tenant}/keystores/{keystore}` */
  keystore: string;
  wrappedDek: Uint8Array;
  /** The encryption context that the DEK was wrapped with. */
  context?: Context;
  /** Store only a hash of the context. A reader must then know it from elsewhere. */
  hideContext?: boolean;
  /** Such as `audio/wav`. */
  mediaType?: string;
  /** Authentic, but not secret. */
  metadata?: Context;
  /** Size in bytes of an encrypted segment: a power of two from 65,536 (the default) to 1,048,576. */
  segmentSize?: number;
  /** By default now. */
  created?: Date;
}

/** What a recording says about itself, and its wrapped DEK. Authentic only once a reader has opened the recording. */
export declare class RecordingHeader {
  private constructor();
  static create(dek: Uint8Array, options: HeaderOptions): Promise<RecordingHeader>;
  /** Parses a header at the start of `bytes`. Returns undefined if it needs more bytes, unless `complete`. */
  static parse(bytes: Uint8Array, complete?: true): RecordingHeader;
  static parse(bytes: Uint8Array, complete: boolean): RecordingHeader | undefined;
  readonly keystore: string;
  readonly wrappedDek: Uint8Array;
  readonly segmentSize: number;
  readonly created: Date;
  readonly mediaType: string | undefined;
  /** Undefined if the header has only the hash of the context. */
  readonly context: Context | undefined;
  readonly metadata: Context;
  readonly associatedData: Uint8Array;
  readonly size: number;
  /** The KEK's name, which is the additional data of a sealed DEK. */
  readonly kek: string;
  toBytes(): Uint8Array;
  withWrappedDek(keystore: string, wrappedDek: Uint8Array): RecordingHeader;
  checkContext(context?: Context): Promise<Context>;
  checkKey(dek: Uint8Array): Promise<void>;
}

/** The DEK, or a function that gets it for the header of the file. */
export type DekSource = Uint8Array | Promise<Uint8Array> | ((header: RecordingHeader) => Uint8Array | Promise<Uint8Array>);

export interface ReadOptions {
  /** Undefined if the header's own context is trusted. */
  context?: Context;
  /** Read what there is of an incomplete recording, up to its last whole segment. */
  recover?: boolean;
}

/** Size in bytes of the whole file for a plaintext of a given size. */
export declare function fileSize(header: RecordingHeader, plaintextSize: number): number;

/** Encrypts. Until the writable side is closed the file is incomplete, and readers refuse it. One DEK, one recording. */
export declare function encryptStream(
  header: RecordingHeader,
  dek: Uint8Array,
): TransformStream<Uint8Array, Uint8Array>;

/** Decrypts a whole file. It ends without an error only if the recording is complete. */
export declare function decryptStream(
  dek: DekSource,
  options?: ReadOptions,
): TransformStream<Uint8Array, Uint8Array>;

export interface Source {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

export declare function blobSource(blob: Blob): Source;

/** A URL whose server answers Range requests, such as a pre-signed one. */
export declare function urlSource(url: string | URL, fetchOptions?: RequestInit): Promise<Source>;

/** Decrypts at any position, reading only the segments that it needs. */
export declare class RecordingReader {
  private constructor();
  static open(source: Source, dek: DekSource, options?: ReadOptions): Promise<RecordingReader>;
  readonly header: RecordingHeader;
  /** Whether the recording is complete. Only a recovered one can be incomplete. */
  readonly complete: boolean;
  /** Size in bytes of the plaintext. */
  readonly size: number;
  /** Reads up to `length` bytes at a position; fewer only at the end of the recording. */
  read(position: number, length: number): Promise<Uint8Array>;
}

export interface SessionKey {
  /** Not extractable. */
  readonly privateKey: CryptoKey;
  /** For `recipient_public_key` of UnwrapDek. */
  readonly publicKey: Uint8Array;
}

export declare function generateSessionKey(): Promise<SessionKey>;

/** Opens `sealed_dek` of UnwrapDek, for the KEK of the recording's header. */
export declare function unsealDek(sealedDek: Uint8Array, sessionKey: SessionKey, kek: string): Promise<Uint8Array>;

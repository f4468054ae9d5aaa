declare module 'kafkajs-snappy' {
  /** A codec as kafkajs's `CompressionCodecs` takes it. */
  function createSnappyCodec(): unknown;
  export = createSnappyCodec;
}

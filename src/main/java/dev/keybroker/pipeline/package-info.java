/// The check of a pipeline from Amazon Connect through Kinesis and Firehose into S3: what its keys
/// and policies let through, judged from what the caller says, without a call to AWS.
///
/// May use `policy`, and nothing else of the broker.
@NullMarked
package dev.keybroker.pipeline;

import org.jspecify.annotations.NullMarked;

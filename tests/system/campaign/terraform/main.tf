# A pipeline as people write it with Terraform's AWS provider: names of their own, managed policies, default tags.
variable "endpoint" {}

provider "aws" {
  region                      = "ap-northeast-2"
  skip_metadata_api_check     = true
  skip_requesting_account_id  = false
  skip_credentials_validation = true
  s3_use_path_style           = true
  default_tags { tags = { ManagedBy = "terraform", Team = "platform" } }
  endpoints {
    apigatewayv2 = var.endpoint
    athena       = var.endpoint
    firehose     = var.endpoint
    glue         = var.endpoint
    iam          = var.endpoint
    logs         = var.endpoint
    s3           = var.endpoint
    sts          = var.endpoint
  }
}

data "aws_caller_identity" "me" {}

resource "aws_apigatewayv2_api" "orders" {
  name          = "Orders API"
  protocol_type = "HTTP"
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "/aws/api-gw/orders"
  retention_in_days = 14
}

resource "aws_apigatewayv2_stage" "prod" {
  api_id      = aws_apigatewayv2_api.orders.id
  name        = "prod"
  auto_deploy = true
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      requestId      = "$context.requestId"
      sub            = "$context.authorizer.claims.sub"
      requestTime    = "$context.requestTime"
      status         = "$context.status"
      routeKey       = "$context.routeKey"
      responseLength = "$context.responseLength"
    })
  }
}

resource "aws_s3_bucket" "logs" {
  bucket        = "orders-usage-logs"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "logs" {
  bucket = aws_s3_bucket.logs.id
  versioning_configuration { status = "Enabled" }
}

resource "aws_iam_role" "firehose" {
  name_prefix        = "firehose-"
  path               = "/service/"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Action = "sts:AssumeRole", Effect = "Allow", Principal = { Service = "firehose.amazonaws.com" } }]
  })
}

resource "aws_iam_policy" "firehose" {
  name   = "firehose-to-s3"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Action = ["s3:*"], Effect = "Allow", Resource = [aws_s3_bucket.logs.arn, "${aws_s3_bucket.logs.arn}/*"] }]
  })
}

resource "aws_iam_role_policy_attachment" "firehose" {
  role       = aws_iam_role.firehose.name
  policy_arn = aws_iam_policy.firehose.arn
}

resource "aws_iam_role" "logs" {
  name               = "cwl-to-firehose"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Action = "sts:AssumeRole", Effect = "Allow", Principal = { Service = "logs.ap-northeast-2.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "logs" {
  name   = "put-records"
  role   = aws_iam_role.logs.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Action = ["firehose:PutRecord", "firehose:PutRecordBatch"], Effect = "Allow", Resource = aws_kinesis_firehose_delivery_stream.usage.arn }]
  })
}

resource "aws_kinesis_firehose_delivery_stream" "usage" {
  name        = "terraform-kinesis-firehose-usage"
  destination = "extended_s3"
  extended_s3_configuration {
    role_arn            = aws_iam_role.firehose.arn
    bucket_arn          = aws_s3_bucket.logs.arn
    prefix              = "logs/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
    error_output_prefix = "errors/!{firehose:error-output-type}/"
    buffering_size      = 5
    buffering_interval  = 300
    compression_format  = "GZIP"
    processing_configuration {
      enabled = true
      processors {
        type = "Decompression"
        parameters {
          parameter_name  = "CompressionFormat"
          parameter_value = "GZIP"
        }
      }
    }
  }
}

resource "aws_cloudwatch_log_subscription_filter" "usage" {
  name            = "usage_to_firehose"
  log_group_name  = aws_cloudwatch_log_group.access.name
  filter_pattern  = ""
  destination_arn = aws_kinesis_firehose_delivery_stream.usage.arn
  role_arn        = aws_iam_role.logs.arn
  depends_on      = [aws_iam_role_policy.logs]
}

resource "aws_athena_workgroup" "usage" {
  name = "usage"
  configuration {
    enforce_workgroup_configuration = true
    result_configuration { output_location = "s3://${aws_s3_bucket.logs.bucket}/results/" }
  }
}

resource "aws_glue_catalog_database" "usage" {
  name = "usage"
}

resource "aws_glue_catalog_table" "raw" {
  name          = "api_logs"
  database_name = aws_glue_catalog_database.usage.name
  table_type    = "EXTERNAL_TABLE"
  parameters    = { EXTERNAL = "TRUE", "projection.enabled" = "false" }
  partition_keys {
    name = "year"
    type = "string"
  }
  partition_keys {
    name = "month"
    type = "string"
  }
  storage_descriptor {
    location      = "s3://${aws_s3_bucket.logs.bucket}/logs/"
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
    ser_de_info {
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"
    }
    columns {
      name = "logevents"
      type = "array<struct<id:string,timestamp:bigint,message:string>>"
    }
    columns {
      name = "owner"
      type = "string"
    }
    columns {
      name = "messagetype"
      type = "string"
    }
  }
}

module fairlead.dev/toolchain/temporal

go 1.26.4

tool (
	go.temporal.io/server/cmd/server
	go.temporal.io/server/cmd/tools/sql
)

require go.temporal.io/server v1.31.2

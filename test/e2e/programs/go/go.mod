module winsock-lsp/test/prober

go 1.19

package paddle_test
import ("testing";"fmt"
"github.com/gaugenn/gaugenn/graph/op"
"github.com/gaugenn/gaugenn/graph/bind"
"github.com/gaugenn/gaugenn/graph/format/paddle")
func TestZZ(t *testing.T){
 m,_:=paddle.Format.Parse(fixtures(t)[0].Input())
 m,_=bind.Bind(m,bind.Policy{})
 m2,is:=op.Infer(m); fmt.Println(is)
 tt:=op.Total(m2,op.Costs(m2)); fmt.Println(tt.MACs,tt.UnknownNodes,tt.Reasons)
}
